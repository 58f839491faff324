// Somebody unknown writes first: where it is seen, what accepting does to the list, and when they learn that it was read.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { button, composer, message } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { plural, word } from "./setting/words";

const here = stage();
let amina: Person;
let yuki: Person;
let page: Page;
let room: string;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  page = await amina.open(here.browser);
});

const readBy = async () => (await yuki.messages(room)).find((one) => one.text === "Is it you?")?.read;
const folder = (name: string) => page.getByRole("group", { name: word("folders") }).getByRole("button", { name: word(name) });

test("an inbox that is empty but for a request says so and leads there", async () => {
  await page.getByRole("heading", { name: word("inbox_empty_title") }).waitFor();
  await expect.poll(() => page.getByRole("button", { name: new RegExp(word("start_card_text")) }).count(), { message: "the ways to begin are shown once" }).toBe(1);
  ({ room } = await yuki.post<{ room: string }>(`accounts/${yuki.account.id}/rooms`, { name: "", people: [amina.account.user] }));
  await until("Amina is in", async () => (await yuki.rooms()).find((one) => one.room === room && one.count === 2 && one.state === "open"));
  await yuki.say(room, "Is it you?");
  await page.getByRole("button", { name: plural("requests_wait", 1), exact: true }).click();
  expect(await folder("folder_requests").getAttribute("aria-pressed")).toBe("true");
});

test("what was on the screen is read once the request is accepted, and not before; the list goes along", async () => {
  await page.getByRole("list", { name: word("conversations") }).getByRole("listitem").first().getByRole("button").first().click();
  await message(page, "Is it you?").waitFor();
  // Longer than it takes to count as read elsewhere.
  await page.waitForTimeout(1_000);
  expect((await amina.rooms()).find((one) => one.room === room)?.unread).toBe(1);
  expect(await readBy()).toBe(0);
  await button(page.getByRole("region", { name: word("request_title") }), "request_accept").click();
  await composer(page).waitFor();
  expect(await folder("folder_all").getAttribute("aria-pressed")).toBe("true");
  await page.getByRole("list", { name: word("conversations") }).getByText("Is it you?").waitFor();
  await expect.poll(readBy, { timeout: 20_000 }).toBe(1);
});

test("a card that is nobody's begins no conversation", async () => {
  const person = await here.person("account", "Wren");
  const page = await person.open(here.browser);
  await button(page, "start_new").click();
  await page.getByRole("menuitem", { name: word("start_find") }).click();
  const dialog = page.getByRole("dialog", { name: word("start_find") });
  await dialog.getByLabel(word("find_label")).fill("mimi://account.test/u/aaaaaaaaaaaaaaaaaaaaaaaaaa");
  await button(dialog, "find").click();
  await dialog.getByRole("list", { name: word("found_people") }).getByRole("button").click();
  await page.locator(".toasts").getByText(/could not be added/).waitFor({ timeout: 30_000 });
  await until("it is out of the way", async () => (await person.rooms()).every((room) => room.state === "left" && room.archived), 30_000);
  expect(await composer(page).count()).toBe(0);
  expect(await page.getByRole("list", { name: word("conversations") }).getByRole("listitem").count()).toBe(0);
});
