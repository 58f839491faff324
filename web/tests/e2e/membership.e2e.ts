// Who comes and who goes, in the window: by an invitation's link and its code, to another role, out by others and by oneself.
import type { Locator, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, composer, message, openRoom, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { word } from "./setting/words";

const NAME = "Allotments";

const here = stage();
let amina: Person;
let yuki: Person;
let oleh: Person;
let cleo: Person;
let hers: Page;
let his: Page;
let guests: Page;
let room: string;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  oleh = await here.person("phone", "Oleh");
  cleo = await here.person("handle", "Cleo");
  room = await amina.room(NAME, yuki);
  hers = await amina.open(here.browser);
  his = await yuki.open(here.browser);
  guests = await oleh.open(here.browser);
  for (const page of [hers, his]) await openRoom(page, NAME);
}, 120_000);

const details = (page: Page) => page.getByRole("region", { name: word("details") });
const member = (page: Page, name: string) => details(page).getByRole("listitem").filter({ hasText: name });
/** A line of the timeline; names in it stand apart from the text around them. */
const line = (page: Page, sentence: string, inputs: Record<string, string>) => {
  const apart = Object.fromEntries(Object.entries(inputs).map(([key, name]) => [key, `\u2068${name}\u2069`]));
  return page.getByRole("region", { name: word("messages") }).getByText(word(sentence, apart)).first();
};

async function openDetails(page: Page): Promise<void> {
  if ((await details(page).count()) > 0) return;
  await page.getByRole("heading", { level: 1, name: NAME }).click();
  await details(page).getByRole("listitem").first().waitFor();
}

/** Picks from the menu of a member, and says yes. */
async function decide(page: Page, name: string, choice: string): Promise<void> {
  await openDetails(page);
  await member(page, name).getByRole("button").last().click();
  await page.getByRole("menuitem", { name: word(choice), exact: true }).click();
  await button(page.getByRole("dialog"), choice).click();
}

async function joining(page: Page): Promise<Locator> {
  await button(page, "start_new").click();
  await page.getByRole("menuitem", { name: new RegExp(`^${word("start_join")}`) }).click();
  return page.getByRole("dialog", { name: word("start_join") });
}

let link: string;
let code: Buffer;

test("an invitation's link that was made in the window lets somebody of another service in", async () => {
  await openDetails(hers);
  await button(details(hers), "invite").click();
  const dialog = hers.getByRole("dialog", { name: word("invite") });
  await dialog.getByLabel(word("invite_people")).fill("2");
  await button(dialog, "invite_make").click();
  await dialog.getByRole("img", { name: word("invite_qr") }).waitFor();
  await clean(hers, "an invitation");
  code = await dialog.screenshot({ type: "jpeg", quality: 90 });
  link = await dialog.getByLabel(word("invitation_link")).inputValue();
  await button(dialog.locator("footer"), "close").click();

  const join = await joining(guests);
  await join.getByLabel(word("invitation_link")).fill(link);
  await guests.keyboard.press("Enter");
  await composer(guests).waitFor();
  for (const page of [hers, his]) await line(page, "note_invited", { name: "Oleh", by: "Amina" }).waitFor({ timeout: 60_000 });
  await write(guests, "Is there a plot left?");
  for (const page of [hers, his]) await message(page, "Is there a plot left?").waitFor();
}, 120_000);

test("what is no link says so, and nothing else happens", async () => {
  oleh.watch.allow(/status of 422/);
  const join = await joining(guests);
  await join.getByLabel(word("invitation_link")).fill("https://example.org/");
  await button(join, "join").click();
  await join.getByRole("alert").getByText(word("error_bad_invitation")).waitFor();
  await clean(guests, "what is no invitation");
  await guests.keyboard.press("Escape");
  expect((await oleh.rooms()).length).toBe(1);
});

test("a picture of its code lets the next one in, and then it is used up", async () => {
  const page = await cleo.open(here.browser);
  const join = await joining(page);
  await join.locator("input[type=file]").setInputFiles({ name: "code.jpg", mimeType: "image/jpeg", buffer: code });
  await until("the code was read", async () => (await join.getByLabel(word("invitation_link")).inputValue()) === link);
  await button(join, "join").click();
  await composer(page).waitFor();
  await line(his, "note_invited", { name: "Cleo", by: "Amina" }).waitFor({ timeout: 60_000 });
  await member(hers, "Cleo").waitFor();
  await details(hers).getByText(word("invitations_none")).waitFor();
}, 120_000);

test("who is made an admin sees it, and can do what admins do", async () => {
  await openDetails(his);
  expect(await button(details(his), "add").count()).toBe(0);
  await decide(hers, "Yuki", "make_admin");
  for (const page of [hers, his, guests]) await line(page, "note_admin", { by: "Amina", name: "Yuki" }).waitFor({ timeout: 60_000 });
  await member(hers, "Yuki").getByText(word("admin"), { exact: true }).waitFor();
  await button(details(his), "add").waitFor();
}, 90_000);

test("who was removed sees it, cannot write, and gets nothing more", async () => {
  await decide(his, "Oleh", "remove");
  for (const page of [hers, his]) await line(page, "note_removed", { by: "Yuki", name: "Oleh" }).waitFor({ timeout: 60_000 });
  await member(hers, "Oleh").waitFor({ state: "detached" });
  await composer(guests).waitFor({ state: "detached", timeout: 60_000 });
  await line(guests, "note_removed", { by: "Yuki", name: "Oleh" }).waitFor();
  await write(hers, "only for those who are here");
  await message(his, "only for those who are here").waitFor();
  expect((await oleh.messages(room)).some((one) => one.text === "only for those who are here")).toBe(false);
}, 90_000);

test("who is an admin no more sees it, and can do no more than the others", async () => {
  await openDetails(his);
  await button(details(his), "add").waitFor();
  await decide(hers, "Yuki", "no_admin");
  for (const page of [hers, his]) await line(page, "note_no_admin", { by: "Amina", name: "Yuki" }).waitFor({ timeout: 60_000 });
  await member(hers, "Yuki").getByText(word("admin"), { exact: true }).waitFor({ state: "detached" });
  await button(details(his), "add").waitFor({ state: "detached" });
  // And it can be given again.
  await decide(hers, "Yuki", "make_admin");
  await button(details(his), "add").waitFor({ timeout: 60_000 });
}, 90_000);

test("who leaves is asked first, and the others see it", async () => {
  const page = cleo.context!.pages()[0]!;
  await openDetails(page);
  await button(details(page), "leave").click();
  await button(page.getByRole("dialog"), "leave").click();
  await page.getByText(word("room_left")).waitFor({ timeout: 60_000 });
  // What was said stays readable, under the name that it had.
  await page.getByRole("heading", { level: 1, name: NAME }).waitFor();
  await clean(page, "a conversation that was left");
  expect(await composer(page).count()).toBe(0);
  for (const other of [hers, his]) await line(other, "note_left", { name: "Cleo" }).waitFor({ timeout: 60_000 });
  await member(hers, "Cleo").waitFor({ state: "detached" });
}, 90_000);

test("of many who come at once, each has a line in a window that was open", async () => {
  const crowd = await here.newcomer("Crowd");
  const { url } = here.services.of("account");
  const people: string[] = [];
  for (let i = 0; i < 10; i++) people.push((await crowd.post<{ user: string }>("accounts", { url, identifier: `guest${i}`, name: `Guest ${i}` })).user);
  const party = await amina.room("Harvest", yuki);
  await openRoom(his, "Harvest");
  const added = his.getByRole("region", { name: word("messages") }).getByText(/Amina\W+added/);
  await added.first().waitFor();
  const before = await added.count();
  await amina.post(amina.in(party, "add"), { people });
  await expect.poll(() => added.count(), { timeout: 60_000 }).toBe(before + people.length);
}, 180_000);
