// One person with two windows: both show the same.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, composer, message, openRoom, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { word } from "./setting/words";

const here = stage();
let amina: Person;
let yuki: Person;
let left: Page;
let right: Page;
let room: string;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  room = await yuki.room("", amina);
  left = await amina.open(here.browser);
  right = await amina.another();
  await openRoom(left, "Yuki");
  await openRoom(right, "Yuki");
});

test("what is sent in one window stands in the other, as one's own", async () => {
  await write(left, "from the left");
  await message(right, "from the left").locator("[data-stage]").waitFor();
  await write(right, "from the right");
  await message(left, "from the right").locator("[data-stage]").waitFor();
  const arrived = async () => (await yuki.messages(room)).map((one) => one.text).filter((text) => text.startsWith("from the"));
  await expect.poll(arrived).toEqual(["from the left", "from the right"]);
});

test("what one window has read is read in the other", async () => {
  // Nobody looks: both windows are in their settings.
  for (const page of [left, right]) await button(page, "settings").click();
  await yuki.say(room, "are you there?");
  const unread = (page: Page) => page.getByRole("group", { name: word("folders") }).getByRole("button", { name: word("folder_unread") });
  for (const page of [left, right]) await expect.poll(() => unread(page).innerText()).toContain("1");
  await openRoom(left, "Yuki");
  await left.bringToFront();
  for (const page of [left, right]) await expect.poll(() => unread(page).innerText(), { timeout: 20_000 }).not.toContain("1");
});

test("what was begun in one window goes on in the other", async () => {
  await openRoom(right, "Yuki");
  await composer(left).fill("a long letter that");
  await composer(left).blur();
  await expect.poll(() => composer(right).inputValue(), { timeout: 20_000 }).toBe("a long letter that");
  await composer(left).fill("");
});

test("a theme that is chosen in one window is worn by the other", async () => {
  await button(left, "settings").click();
  await left.getByRole("radio", { name: word("theme_dark") }).check();
  await expect.poll(() => right.evaluate(() => document.documentElement.dataset["theme"])).toBe("dark");
});

test("once the access of the browser is closed, no window of it shows or may do anything; another link opens it again", async () => {
  // Each window asks once more, and is refused.
  amina.watch.allow(/status of 401/, /WebSocket connection to/);
  await openRoom(right, "Yuki");
  await composer(right).fill("begun before");
  await expect.poll(async () => (await amina.rooms()).map((one) => one.draft), { timeout: 20_000 }).toEqual(["begun before"]);
  await button(left, "sign_out").click();
  await left.getByRole("dialog", { name: word("sign_out_title") }).waitFor();
  await clean(left, "whether the access of a browser is to be closed");
  await button(left.getByRole("dialog", { name: word("sign_out_title") }), "cancel").click();
  expect(await composer(right).inputValue(), "it was only asked").toBe("begun before");
  await button(left, "sign_out").click();
  await button(left.getByRole("dialog", { name: word("sign_out_title") }), "sign_out").click();
  for (const page of [left, right]) {
    await page.getByRole("heading", { name: word("locked_out_title") }).waitFor();
    expect(await page.locator("body").innerText()).not.toContain("Yuki");
    expect(await page.evaluate(() => [localStorage.getItem("key"), sessionStorage.length])).toEqual([null, 0]);
    expect(await page.evaluate(async () => (await fetch("/api/v1/state", { headers: { "X-Trefoil": "1" } })).status)).toBe(401);
  }
  // The process is as it was, and the next link of `trefoil app` leads in again.
  const { link } = await amina.post<{ link: string }>("launch");
  const again = await amina.context!.newPage();
  await again.goto(link);
  await openRoom(again, "Yuki");
  expect(await composer(again).inputValue()).toBe("begun before");
});
