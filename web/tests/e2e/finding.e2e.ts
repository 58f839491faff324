// What one finds again: search, what is pinned, archived, muted, and messages that go.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { composer, message, openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { word } from "./setting/words";

/** Several pages of a timeline. */
const LINES = 300;
const here = stage();
let amina: Person;
let yuki: Person;
let page: Page;
let tea: string;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  tea = await yuki.room("Tea", amina);
  const coffee = await yuki.room("Coffee", amina);
  await yuki.say(coffee, "The cups are in the cupboard");
  for (let i = 0; i < LINES; i++) await yuki.say(tea, `line ${i} of a long talk${i === 7 ? " about the crocodile" : ""}`);
  await until("all of it is there", async () => (await amina.rooms()).find((one) => one.room === tea)?.unread === LINES, 120_000);
  page = await amina.open(here.browser);
}, 180_000);

/** The numbers of the lines, as they come into view while one scrolls to the end. */
async function walkDown(page: Page): Promise<number[]> {
  const timeline = page.getByRole("region", { name: word("messages") });
  await timeline.hover();
  const seen: number[] = [];
  for (let still = 0; still < 12; ) {
    const before = seen.length;
    for (const text of await timeline.getByRole("article").allInnerTexts()) {
      const n = Number(/line (\d+) of/.exec(text)?.[1]);
      if (!Number.isNaN(n) && !seen.includes(n)) seen.push(n);
    }
    still = seen.length === before ? still + 1 : 0;
    await page.mouse.wheel(0, 500);
    await page.waitForTimeout(60);
  }
  return seen;
}

test("a message far up is found from anywhere and shown where it stands", async () => {
  await page.getByRole("list", { name: word("conversations") }).getByText("Coffee").waitFor();
  await page.keyboard.press("Control+k");
  const search = page.getByRole("dialog", { name: word("search"), exact: true });
  await search.getByRole("searchbox").fill("crocodil");
  await search.locator("mark").first().waitFor();
  await search.getByRole("button", { name: /crocodile/ }).click();
  const found = message(page, "crocodile");
  await found.waitFor();
  await expect.poll(() => found.evaluate((row) => row.getBoundingClientRect().top > 0 && row.getBoundingClientRect().bottom < innerHeight)).toBe(true);
});

test("of many that are found one is shown after the other, to the last; of several accounts it is said that there are more", async () => {
  await page.keyboard.press("Control+k");
  const search = page.getByRole("dialog", { name: word("search"), exact: true });
  const hits = search.locator("button.hit").filter({ has: page.locator("mark") });
  const more = search.getByRole("button", { name: word("show_more") });
  await search.getByRole("searchbox").fill("talk");
  await expect.poll(() => hits.count(), { timeout: 20_000 }).toBe(30);
  for (const count of [130, 230, LINES]) {
    await more.click();
    await expect.poll(() => hits.count(), { timeout: 20_000 }).toBe(count);
  }
  expect(await more.count()).toBe(0);
  expect(await search.getByText(word("search_more")).count()).toBe(0);
  const lines = (await hits.allInnerTexts()).map((text) => Number(/line (\d+) of/.exec(text)![1]));
  expect(lines, "newest first, each once").toEqual(Array.from({ length: LINES }, (_, i) => LINES - 1 - i));

  // As the process answers when it looks in several accounts.
  await page.route("**/api/v1/search?*", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...((await answer.json()) as object), next: null } });
  });
  await search.getByRole("searchbox").fill("long talk");
  await expect.poll(() => hits.count(), { timeout: 20_000 }).toBe(30);
  await more.click();
  await search.getByText(word("search_more")).waitFor();
  expect(await hits.count()).toBe(100);
  expect(await more.count()).toBe(0);
  await page.unroute("**/api/v1/search?*");
  await page.keyboard.press("Escape");
  await search.waitFor({ state: "detached" });
});

test("from there one reads on to the newest, and searches the open conversation again", async () => {
  const newest = message(page, `line ${LINES - 1} of a long talk`);
  expect(await newest.count(), "the end is far away").toBe(0);
  await message(page, "line 8 of a long talk").waitFor();
  await page.getByRole("button", { name: word("jump_newest") }).or(page.locator("button.jump")).first().click();
  await newest.waitFor();
  expect(await message(page, "crocodile").count()).toBe(0);
  // The same hit twice: each time it is shown where it stands, between its neighbours.
  for (let i = 0; i < 2; i++) {
    await page.keyboard.press("Control+Shift+f");
    const search = page.getByRole("dialog", { name: word("search_here"), exact: true });
    await search.getByRole("searchbox").fill("crocodile");
    await search.getByRole("button", { name: /crocodile/ }).waitFor();
    await page.keyboard.press("Enter");
    await search.waitFor({ state: "detached" });
    await page.locator("[data-key].marked").filter({ hasText: "crocodile" }).waitFor();
    const rows = await page.getByRole("region", { name: word("messages") }).getByRole("article").allInnerTexts();
    const numbers = rows.map((text) => Number(/line (\d+) of/.exec(text)?.[1])).filter((n) => !Number.isNaN(n));
    expect(numbers, "in order, each once").toEqual(numbers.map((_, at) => numbers[0]! + at));
    if (i === 0) await page.locator("button.jump").click();
    if (i === 0) await newest.waitFor();
  }
  // By scrolling alone one comes from far above to the end, and no line is left out.
  const seen = await walkDown(page);
  expect(seen.slice(seen.indexOf(7))).toEqual(Array.from({ length: LINES - 7 }, (_, i) => i + 7));
}, 120_000);

test("a conversation is pinned above the others, archived away, and comes back", async () => {
  const list = page.getByRole("list", { name: word("conversations") });
  const first = () => list.getByRole("listitem").first().innerText();
  const choose = async (title: string, choice: string) => {
    const row = list.getByRole("listitem").filter({ hasText: title });
    await row.hover();
    await row.getByRole("button").last().click();
    await page.getByRole("menuitem", { name: word(choice) }).click();
  };
  expect(await first()).toContain("Tea");
  await choose("Coffee", "pin_room");
  await expect.poll(first).toContain("Coffee");
  await choose("Tea", "archive");
  await expect.poll(() => list.getByRole("listitem").count()).toBe(1);
  await page.getByRole("group", { name: word("folders") }).getByRole("button", { name: word("folder_archived") }).click();
  await choose("Tea", "unarchive");
  await page.getByRole("group", { name: word("folders") }).getByRole("button", { name: word("folder_all"), exact: true }).click();
  await expect.poll(() => list.getByRole("listitem").count()).toBe(2);
});

test("a message with a timer says so, and is gone on both sides when it is over", async () => {
  await openRoom(page, "Coffee");
  const coffee = (await amina.rooms()).find((one) => one.name === "Coffee")!.room;
  await yuki.say(coffee, "read this quickly", { expires_seconds: 3 });
  const short = message(page, "read this quickly");
  await short.waitFor();
  await page.bringToFront();
  await composer(page).click();
  await short.waitFor({ state: "detached", timeout: 30_000 });
  await until("it is gone at Yuki's", async () => !(await yuki.messages(coffee)).some((one) => one.text === "read this quickly"), 30_000);
});
