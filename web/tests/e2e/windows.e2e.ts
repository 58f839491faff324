// One person with two windows: both show the same.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
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
