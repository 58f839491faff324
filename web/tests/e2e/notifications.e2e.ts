// What the system shows of a message that comes while nobody looks: as much as the person chose, and nothing of what is muted.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { word } from "./setting/words";

const NAME = "Harvest";

interface Shown {
  title: string;
  body: string;
}

const here = stage();
let amina: Person;
let yuki: Person;
let page: Page;
let group: string;
let pair: string;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  group = await yuki.room(NAME, amina);
  pair = await yuki.room("", amina);
  page = await amina.open(here.browser);
  // Instead of the system's own, which nobody could look at.
  await amina.context!.addInitScript(() => {
    const shown: { title: string; body: string }[] = [];
    const ended: string[] = [];
    class Stub {
      static permission = "granted";
      static requestPermission = () => Promise.resolve("granted");
      onclick: (() => void) | null = null;
      onclose: (() => void) | null = null;
      close: () => void;
      constructor(title: string, options: { body: string }) {
        shown.push({ title, body: options.body });
        this.close = () => void ended.push(options.body);
      }
    }
    Object.assign(window, { Notification: Stub, shown, ended });
    Object.defineProperty(document, "hidden", { get: () => true });
    Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
  });
  await page.reload();
  await openRoom(page, NAME);
});

const choose = (level: "none" | "name" | "text") => amina.post("settings", { notifications: level });

/** What was closed again, of all since the last time. */
const closed = () => page.evaluate(() => (window as unknown as { ended: string[] }).ended.splice(0));

/** What was shown once a message has come, of all since the last time. */
async function shownAfter(room: string, text: string): Promise<Shown[]> {
  await yuki.say(room, text);
  await page.getByRole("list", { name: word("conversations") }).getByText(text).first().waitFor();
  return page.evaluate(() => (window as unknown as { shown: Shown[] }).shown.splice(0));
}

test("nothing is shown by whoever chose nothing", async () => {
  await choose("none");
  expect(await shownAfter(group, "The plums are ripe")).toEqual([]);
});

test("who chose names sees who wrote, and neither what nor where", async () => {
  await choose("name");
  await expect.poll(() => page.evaluate(() => document.hidden)).toBe(true);
  await until(async () => (await shownAfter(group, `Who has a ladder ${Math.random()}`)).length > 0);
  expect(await shownAfter(group, "And who has baskets?")).toEqual([{ title: "Trefoil", body: word("notify_name_only", { name: "Yuki" }) }]);
});

test("who chose the text sees who, where and what; of two people the name stands once", async () => {
  await choose("text");
  await until(async () => (await shownAfter(group, `On Sunday ${Math.random()}`)).some((one) => one.title === NAME));
  expect(await shownAfter(group, "On Monday then")).toEqual([{ title: NAME, body: "Yuki: On Monday then" }]);
  expect(await shownAfter(pair, "Are you coming?")).toEqual([{ title: "Yuki", body: "Are you coming?" }]);
});

test("a muted conversation shows nothing, but that somebody is mentioned; the others go on", async () => {
  await amina.post(amina.in(group, "marks"), { muted_until: Date.now() + 3_600_000 });
  await page.getByRole("list", { name: word("conversations") }).getByText(word("muted")).first().waitFor({ state: "attached" });
  expect(await shownAfter(group, "Nobody hears this")).toEqual([]);
  expect(await shownAfter(pair, "But this")).toEqual([{ title: "Yuki", body: "But this" }]);
  expect(await shownAfter(group, "@Amina hears this")).toEqual([{ title: NAME, body: "Yuki: @Amina hears this" }]);
});

test("taking a message back or reacting shows nothing", async () => {
  const { message } = await yuki.say(pair, "by mistake");
  await page.getByRole("list", { name: word("conversations") }).getByText("by mistake").first().waitFor();
  await page.evaluate(() => (window as unknown as { shown: Shown[] }).shown.splice(0));
  await yuki.post(yuki.in(pair, `messages/${message}/react`), { emoji: "🍐", on: true });
  await yuki.post(yuki.in(pair, `messages/${message}/unsend`));
  expect(await shownAfter(pair, "and on")).toEqual([{ title: "Yuki", body: "and on" }]);
});

test("what was shown goes when the message is taken back, or read, and not before", async () => {
  await closed();
  const { message } = await yuki.say(pair, "the wrong window");
  await page.getByRole("list", { name: word("conversations") }).getByText("the wrong window").first().waitFor();
  expect(await closed()).toEqual([]);
  await yuki.post(yuki.in(pair, `messages/${message}/unsend`));
  await expect.poll(closed, { timeout: 20_000 }).toEqual(["the wrong window"]);

  expect((await shownAfter(pair, "this one stays")).slice(-1)).toEqual([{ title: "Yuki", body: "this one stays" }]);
  await yuki.post(yuki.in(pair, `messages/${(await yuki.messages(pair)).at(-1)!.message}/react`), { emoji: "🍐", on: true });
  await shownAfter(group, "and elsewhere something else");
  expect(await closed()).toEqual([]);
  // Read, in another window or on another device.
  const newest = (await amina.messages(pair)).at(-1)!;
  await amina.post(amina.in(pair, "read"), { through: newest.position });
  await expect.poll(closed, { timeout: 20_000 }).toEqual(["this one stays"]);
});

test("what is meant to go is not written where the system may keep it", async () => {
  const rows = page.getByRole("list", { name: word("conversations") });
  const shown = () => page.evaluate(() => (window as unknown as { shown: Shown[] }).shown.splice(0));
  await shown();
  const nameOnly = { title: "Trefoil", body: word("notify_name_only", { name: "Yuki" }) };
  await yuki.say(pair, "for five minutes", { expires_seconds: 300 });
  await rows.getByText("for five minutes").first().waitFor();
  expect(await shown()).toEqual([nameOnly]);
  await yuki.say(pair, "only once", { view_once: true });
  await rows.getByText(word("excerpt_view_once")).first().waitFor();
  expect(await shown()).toEqual([nameOnly]);
  await yuki.post(yuki.in(pair, "timer"), { seconds: 3_600, vanishing: true });
  await until(async () => (await amina.rooms()).some((one) => one.room === pair && one.vanishing));
  await yuki.say(pair, "and now always");
  await rows.getByText("and now always").first().waitFor();
  expect(await shown()).toEqual([nameOnly]);
});

/** Another level reaches the window by itself, a moment later. */
async function until(look: () => Promise<boolean>): Promise<void> {
  await expect.poll(look, { timeout: 30_000, interval: 200 }).toBe(true);
}

test("nothing is shown of whoever is restricted, nor of what has a hidden word", async () => {
  await choose("text");
  await amina.post(amina.in(group, "marks"), { muted_until: 0 });
  const stance = (stance: string) => amina.post(`accounts/${amina.account.id}/people/${encodeURIComponent(yuki.account.user)}/stance`, { stance });
  const hide = (hidden_words: string[]) => amina.post(`accounts/${amina.account.id}/boundaries`, { hidden_words });
  await stance("restricted");
  await page.evaluate(() => void (window as unknown as { shown: Shown[] }).shown.splice(0));
  await yuki.say(group, "Quietly ripe");
  await until(async () => (await amina.messages(group)).some((one) => one.text === "Quietly ripe"));
  await page.waitForTimeout(500);
  expect(await page.evaluate(() => (window as unknown as { shown: Shown[] }).shown.splice(0))).toEqual([]);
  await stance("normal");
  await page.getByRole("list", { name: word("conversations") }).getByText("Quietly ripe").waitFor();
  await hide(["wasps"]);
  await yuki.say(group, "There are wasps");
  await page.getByRole("list", { name: word("conversations") }).getByText(word("folded_words")).waitFor();
  expect((await shownAfter(group, "And no wind")).map((one) => one.body)).toEqual(["Yuki: And no wind"]);
  await hide([]);
});
