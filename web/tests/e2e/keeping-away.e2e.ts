// People and words that somebody keeps away: where they go, what is folded, and that the others cannot tell.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, composer, dismissAll, field, message, openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { word } from "./setting/words";

const GROUP = "Harvest";

const picture = (name: string) => new Uint8Array(readFileSync(new URL(`../../../demo/${name}`, import.meta.url)));

const here = stage();
let amina: Person;
let yuki: Person;
let oleh: Person;
let page: Page;
let pair: string;
let group: string;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  oleh = await here.person("phone", "Oleh");
  pair = await yuki.room("", amina);
  group = await yuki.room(GROUP, amina, oleh);
  await yuki.say(pair, "Hello Amina");
  await oleh.say(group, "The plums are ripe");
  await until("Amina has both", async () => (await amina.messages(pair)).length + (await amina.messages(group)).length === 2);
  page = await amina.open(here.browser);
});

const folder = (name: string) => page.getByRole("group", { name: word("folders") }).getByRole("button", { name: word(name) });
const rows = () => page.getByRole("list", { name: word("conversations") }).getByRole("listitem");
const isolated = (name: string) => `\u2068${name}\u2069`;
const state = async (of: Person, room: string, text: string) => {
  const found = (await of.messages(room)).find((one) => one.text === text);
  return found && { delivered: found.delivered, read: found.read };
};

test("whoever is blocked is out of the way, hears nothing, and comes back", async () => {
  await openRoom(page, "Yuki");
  await until("she hears that it was read", async () => (await state(yuki, pair, "Hello Amina"))?.read === 1);
  await page.getByRole("heading", { name: "Yuki", level: 1 }).click();
  const details = page.getByRole("region", { name: word("details") });
  await button(details, "block").click();
  const dialog = page.getByRole("dialog", { name: word("block_title", { name: isolated("Yuki") }) });
  await clean(page, "the question before somebody is blocked");
  await button(dialog, "block").click();
  const kept = page.getByRole("region", { name: word("stance_blocked") });
  await kept.waitFor();
  expect(await composer(page).count(), "nowhere to write").toBe(0);
  await button(details, "unblock").waitFor();
  await dismissAll(page);
  await clean(page, "a conversation with somebody blocked");
  expect(await rows().getByText("Yuki", { exact: true }).count(), "out of the list").toBe(0);

  await yuki.say(pair, "Why do you not answer?");
  const folded = page.getByRole("article").filter({ hasText: word("folded_blocked") });
  await until("both are folded", async () => (await folded.count()) === 2);
  expect(await message(page, "Why do you not answer?").count()).toBe(0);
  await page.waitForTimeout(1_000);
  expect(await state(yuki, pair, "Why do you not answer?")).toEqual({ delivered: 0, read: 0 });
  expect((await amina.rooms()).find((one) => one.room === pair)).toMatchObject({ away: "blocked", unread: 0 });
  await folder("folder_blocked").click();
  await rows().getByText("Yuki", { exact: true }).waitFor();
  await button(folded.last(), "folded_show").click();
  await message(page, "Why do you not answer?").waitFor();

  await button(kept, "unblock").click();
  await composer(page).waitFor();
  await folder("folder_all").click();
  await rows().getByText("Yuki", { exact: true }).waitFor();
  await message(page, "Hello Amina").waitFor();
  await yuki.say(pair, "There you are");
  await expect.poll(async () => (await state(yuki, pair, "There you are"))?.delivered, { timeout: 20_000 }).toBe(1);
});

test("in a group what they say is folded, what others say is not, and whoever looks sees it", async () => {
  await amina.post(`accounts/${amina.account.id}/people/${encodeURIComponent(yuki.account.user)}/stance`, { stance: "blocked" });
  await yuki.say(group, "I take them all");
  await oleh.say(group, "We share");
  await openRoom(page, GROUP);
  await message(page, "We share").waitFor();
  const folded = page.getByRole("article").filter({ hasText: word("folded_blocked") });
  await folded.waitFor();
  expect(await page.getByText("I take them all").count(), "nowhere on the page").toBe(0);
  await dismissAll(page);
  await clean(page, "a folded message");
  await button(folded, "folded_show").click();
  await message(page, "I take them all").waitFor();
  await amina.post(`accounts/${amina.account.id}/people/${encodeURIComponent(yuki.account.user)}/stance`, { stance: "normal" });
});

test("words are hidden in the settings, and the messages that have one are folded", async () => {
  await button(page, "settings").click();
  await button(page.getByRole("article", { name: "Amina" }), "keep_away").click();
  await page.getByRole("heading", { name: word("hidden_words") }).waitFor();
  await field(page, "hidden_word_new").fill("Spiders");
  await button(page, "add").click();
  await page.getByRole("list", { name: word("hidden_words") }).getByText("Spiders").waitFor();
  await page.getByRole("checkbox", { name: word("silence_unknown") }).check();
  await clean(page, "the settings of safety");
  await yuki.say(group, "There are spid\u0435rs in the plums");
  await openRoom(page, GROUP);
  const folded = page.getByRole("article").filter({ hasText: word("folded_words") });
  await folded.waitFor();
  expect(await page.getByText("in the plums").count(), "neither in the list").toBe(0);
  await button(folded, "folded_show").click();
  await message(page, "in the plums").waitFor();
  await button(page, "settings").click();
  await button(page.getByRole("article", { name: "Amina" }), "keep_away").click();
  expect(await page.getByRole("checkbox", { name: word("silence_unknown") }).isChecked()).toBe(true);
  await button(page, "hidden_word_show", { word: isolated("Spiders") }).click();
  await until("none is hidden", async () => (await page.getByRole("list", { name: word("hidden_words") }).count()) === 0);
});

test("a stranger's request has dead links and no pictures, says what to know, and can be blocked", async () => {
  const mallory = await here.person("handle", "Mallory");
  // It looks as Yuki's does.
  await mallory.post(`accounts/${mallory.account.id}/name`, { name: "Yuk\u0456" });
  await mallory.post(`accounts/${mallory.account.id}/picture`, picture("flower.jpg"));
  const { room } = await mallory.post<{ room: string }>(`accounts/${mallory.account.id}/rooms`, { name: "", people: [amina.account.user] });
  await until("Amina is in", async () => (await mallory.rooms()).find((one) => one.room === room && one.count === 2 && one.state === "open"));
  const files = [await mallory.upload("china.jpg", picture("china.jpg"))];
  await mallory.say(room, "look at https://evil.example/now", { files });
  await mallory.say(room, "please send me the code that you got");
  await until("it has come", async () => (await amina.messages(room)).length === 2);
  // Strangers are silenced: nothing is counted, and it waits all the same.
  expect(await folder("folder_requests").innerText()).toBe(word("folder_requests"));
  await folder("folder_requests").click();
  await rows().first().getByRole("button").first().click();
  const request = page.getByRole("region", { name: word("request_title") });
  await request.getByText(word("first_stranger")).waitFor();
  await request.getByText(word("first_namesake", { name: isolated("Yuki") })).waitFor();
  const hint = page.getByRole("region", { name: word("hint_title") });
  await hint.getByText(word("hint_code")).waitFor();
  const conversation = page.getByRole("region", { name: word("messages") });
  await message(page, "https://evil.example/now").waitFor();
  expect(await conversation.locator("a[href*='evil.example']").count(), "the link is dead").toBe(0);
  expect(await conversation.locator("img").count(), "no picture is loaded").toBe(0);
  expect(await page.locator(".avatar img").count(), "nor is theirs shown").toBe(0);
  await dismissAll(page);
  await clean(page, "a request with what to know of it");
  await button(hint, "hint_seen").click();
  await hint.waitFor({ state: "detached" });

  await button(request, "block").click();
  await button(page.getByRole("dialog"), "block").click();
  await button(request, "unblock").waitFor();
  await folder("folder_blocked").click();
  await until("it is out of the way", async () => (await amina.rooms()).find((one) => one.room === room)?.away === "blocked");
  await button(request, "unblock").click();
  await button(request, "block").waitFor();
  await button(request, "request_accept").click();
  await composer(page).waitFor();
  await conversation.locator("a[href*='evil.example']").waitFor();
});

test("whoever receives contacts only has requests out of the way at once", async () => {
  await amina.post(`accounts/${amina.account.id}/boundaries`, { strict: true });
  const stranger = await here.person("account", "Wren");
  const { room } = await stranger.post<{ room: string }>(`accounts/${stranger.account.id}/rooms`, { name: "", people: [amina.account.user] });
  await until("it is out of the way", async () => (await amina.rooms()).find((one) => one.room === room)?.away === "strict", 30_000);
  await folder("folder_blocked").click();
  await rows().first().getByRole("button").first().click();
  await page.getByRole("region", { name: word("request_title") }).getByText(word("strict_here")).waitFor();
  await amina.post(`accounts/${amina.account.id}/boundaries`, { strict: false, silence_unknown: false });
});

test.each([
  ["https://bank.example@evil.example/", "evil.example", "link_user_info"],
  ["https://\u{430}pple.example/", "xn--pple-43d.example", "link_lookalike"],
  ["http://3221225991/login", "192.0.2.7", "link_address"],
  ["https://m\u{FC}nchen.example/", "xn--mnchen-3ya.example", "link_international"],
])("before %s is followed, the page says where it leads and why to look twice", async (address, host, why) => {
  await yuki.say(pair, `see ${address}`);
  await folder("folder_all").click();
  await openRoom(page, "Yuki");
  await message(page, `see ${address}`).getByRole("link").click();
  const dialog = page.getByRole("dialog", { name: word("link_warning_title") });
  await dialog.getByText(word(why)).waitFor();
  await dialog.getByText(host).first().waitFor();
  await clean(page, "a link to look twice at");
  expect(await dialog.getByRole("link").getAttribute("href"), "nothing before the host goes along").not.toContain("@");
  await button(dialog, "stay_here").click();
  await dialog.waitFor({ state: "detached" });
});
