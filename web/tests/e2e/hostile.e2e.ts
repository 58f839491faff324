// What somebody with bad intentions sends is readable, and does nothing.
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, composer, message } from "./setting/hands";
import * as hostile from "./setting/hostile";
import { media } from "./setting/media";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { pause, until } from "./setting/until";
import { word } from "./setting/words";

const here = stage();
let eve: Person;
let amina: Person;
let page: Page;
let room: string;

beforeAll(async () => {
  eve = await here.person("handle", "Eve");
  amina = await here.person("account", "Amina");
  page = await amina.open(here.browser);
  // The browser says of a picture that the process refuses to draw that it could not be loaded; that is meant.
  amina.watch.allow(/status of 422 .*\/picture\?width=/);
  for (const name of hostile.hiddenNames) {
    await expect(eve.post(`accounts/${eve.account.id}/name`, { name }), name).rejects.toThrow(/ 422 /);
  }
  await eve.post(`accounts/${eve.account.id}/name`, { name: hostile.personName });
  room = await eve.room(hostile.roomName, amina);
  await page.getByRole("list", { name: word("conversations") }).getByRole("button").first().click();
  await composer(page).waitFor();
});

/** Nothing ran, nobody was led away, nothing covers the page. */
async function calm(): Promise<void> {
  expect(await page.evaluate((ran) => ran in window, hostile.RAN), "a script ran").toBe(false);
  expect(new URL(page.url()).origin).toBe(amina.address);
  expect(amina.watch.navigations.filter((url) => !url.startsWith(amina.address) && url !== "about:blank")).toEqual([]);
  expect(amina.context!.pages().length, "no window was opened").toBe(1);
  expect(await page.evaluate(() => document.querySelectorAll("iframe, object, embed, base, script:not([src]), style:not([data-vite])").length)).toBe(0);
  await composer(page).click({ trial: true });
}

/** The page does what a key says, soon. */
async function answers(): Promise<void> {
  await composer(page).focus();
  await page.keyboard.press("k");
  await until("the page answers to a key", async () => (await composer(page).inputValue()) === "k", 10_000);
  await page.keyboard.press("Backspace");
  await until("and to the next", async () => (await composer(page).inputValue()) === "", 10_000);
}

test.each(hostile.texts.map((one, index) => ({ ...one, index })))("text $index is read and does nothing", async ({ text, reads, index }) => {
  const mark = `marked-${index}.`;
  await eve.say(room, `${mark}\n\n${text}`);
  const got = message(page, mark);
  await got.waitFor();
  await answers();
  const more = button(got, "show_more");
  if ((await more.count()) > 0) await more.click();
  await until("all of it is there", async () => (await got.innerText()).includes(reads));
  await answers();
  const links = await got.locator("a").evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).protocol));
  expect(links.filter((scheme) => !["https:", "http:", "mailto:"].includes(scheme))).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing scrolls sideways").toBe(true);
  await calm();
});

test("names of people and rooms are text", async () => {
  const heading = page.getByRole("heading", { level: 1 }).filter({ hasText: "onerror" });
  expect(await heading.innerText()).toContain("<img src=x");
  await until("Eve's new name is there", async () => (await page.getByText("<script>").count()) > 0);
  await calm();
});

test("a link whose words lie is asked about first", async () => {
  await eve.say(room, hostile.lure.text);
  await page.getByRole("link", { name: hostile.lure.words }).click();
  const dialog = page.getByRole("dialog", { name: word("link_warning_title") });
  await dialog.getByText(hostile.lure.host).first().waitFor();
  await clean(page, "a link whose words lie");
  await dialog.getByRole("button", { name: word("stay_here") }).click();
  await calm();
});

test.each(hostile.files)("the file $name is kept as it is, or refused, and does nothing", async ({ name, bytes }) => {
  const mark = `file ${bytes.length}-${name.length}.`;
  // Of a picture that is none, nothing can be taken out: it would be held.
  await eve.say(room, mark, { files: [await eve.upload(name, bytes, true)] });
  const got = message(page, mark);
  await got.waitFor();
  const link = got.getByRole("link");
  // Something to keep, something to hear, or a picture that was drawn anew by the process.
  const shown = link.or(got.getByRole("img")).or(got.locator("video")).first();
  await shown.waitFor();
  await pause(300);
  await calm();
  if ((await link.count()) === 0) return;
  const download = page.waitForEvent("download");
  await link.first().click();
  const kept = await readFile((await (await download).path())!);
  expect(Buffer.compare(kept, Buffer.from(bytes)), "byte for byte").toBe(0);
  await calm();
});

test.each(media)("$name is $kind by its first bytes, and is played or cannot be played", async ({ name, kind, bytes }) => {
  const mark = `media ${name}.`;
  await eve.say(room, mark, { files: [await eve.upload(name, bytes)] });
  const got = message(page, mark);
  const player = got.locator(kind);
  await player.waitFor({ state: "attached" });
  if (kind === "audio") await button(got, "play").click();
  else await player.evaluate((it: HTMLMediaElement) => void it.play().catch(() => undefined));
  const refused = got.getByRole("link", { name: word("cannot_play", { name }) });
  const over = (all: Element[]) => all.some((it) => it instanceof HTMLMediaElement && (it.ended || (it.error !== null && it.localName === "video")));
  await until("it was played, or cannot be", async () => (await refused.count()) > 0 || (await player.evaluateAll(over)), 20_000);
  const wide = (all: Element[]) => all.filter((it) => it.scrollWidth > it.clientWidth).length;
  expect(await got.getByRole("group", { name: word("voice_note") }).evaluateAll(wide), "the player holds what it says").toBe(0);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing scrolls sideways").toBe(true);
  await answers();
  await calm();
});

test("after all of that the conversation goes on", async () => {
  await composer(page).fill("still here");
  await composer(page).press("Enter");
  await until("Eve has it", async () => (await eve.messages(room)).some((one) => one.text === "still here"));
  await page.reload();
  await page.getByRole("list", { name: word("conversations") }).getByRole("button").first().click();
  await message(page, "still here").waitFor();
  await calm();
});
