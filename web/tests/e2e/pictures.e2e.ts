// Pictures of people and of rooms, across services: chosen in the window, seen by others, taken away, and not shown where they should not be.
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, composer, message, openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { plural, word } from "./setting/words";

const picture = (name: string) => fileURLToPath(new URL(`../../../demo/${name}`, import.meta.url));
const NAME = "The garden";

const here = stage();
let amina: Person;
let yuki: Person;
let admin: Page;
let other: Page;
let pair: string;
let group: string;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  pair = await amina.room("", yuki);
  group = await amina.room(NAME, yuki);
  await amina.say(pair, "hello");
  await amina.say(group, "spring");
  admin = await amina.open(here.browser);
  other = await yuki.open(here.browser);
});

const row = (page: Page, title: string) => page.getByRole("list", { name: word("conversations") }).getByRole("listitem").filter({ has: page.getByText(title, { exact: true }) });
/** Who the open conversation is with, above it. */
const head = (page: Page, of: string) => page.getByRole("heading", { level: 1, name: of, exact: true }).locator("xpath=ancestor::header");
const aside = (page: Page) => page.getByRole("region", { name: word("details") });
const avatar = (at: Locator) => at.locator(".avatar").first();
const account = (page: Page) => page.getByRole("main").getByRole("article", { name: "Amina" });

const openSettings = (page: Page) => page.getByRole("list", { name: word("accounts") }).getByRole("button").click();

/** A picture that was loaded and decoded stands there. */
async function shows(at: Locator): Promise<void> {
  const drawn = () => avatar(at).locator("img").evaluateAll((all) => all.length === 1 && all.every((img) => (img as HTMLImageElement).complete && (img as HTMLImageElement).naturalWidth > 0));
  await expect.poll(drawn, { timeout: 20_000 }).toBe(true);
}

async function showsLetters(at: Locator, letters: string): Promise<void> {
  await expect.poll(() => avatar(at).locator("img").count(), { timeout: 20_000 }).toBe(0);
  expect(await avatar(at).textContent()).toBe(letters);
}

const give = (at: Locator, file: Parameters<Locator["setInputFiles"]>[0]) => at.locator("input[type=file]").setInputFiles(file);

/** Takes a picture as it is offered: its middle. */
async function pick(at: Locator, file: Parameters<Locator["setInputFiles"]>[0]): Promise<void> {
  await give(at, file);
  await button(at, "picture_use").click();
}

test("one's own picture is seen on another service: inbox, head, messages, members, person", async () => {
  await row(other, "Amina").getByRole("button").first().click();
  await showsLetters(row(other, "Amina"), "A");
  await openSettings(admin);
  await pick(account(admin), picture("flower.jpg"));
  await shows(account(admin));
  await shows(admin.getByRole("list", { name: word("accounts") }));

  await shows(row(other, "Amina"));
  await shows(head(other, "Amina"));
  await button(other, "room_details").click();
  await shows(aside(other));
  await shows(aside(other).getByRole("listitem").filter({ hasText: "Amina" }));
  await openRoom(other, NAME);
  await shows(message(other, "spring"));
  await message(other, "spring").getByRole("button", { name: "Amina", exact: true }).click();
  await aside(other).getByRole("heading", { name: "Amina" }).waitFor();
  await shows(aside(other));
});

test("it is seen where people are mentioned and picked", async () => {
  await openRoom(other, NAME);
  await composer(other).pressSequentially("@Am");
  await shows(other.getByRole("listbox", { name: word("mention_list") }).getByRole("option").first());
  await composer(other).fill("");
  await button(other, "start_new").click();
  await other.getByRole("menuitem", { name: word("start_group"), exact: true }).click();
  const dialog = other.getByRole("dialog", { name: word("start_group") });
  const known = dialog.getByRole("list", { name: word("known_people") }).getByRole("button", { name: /Amina/ });
  await shows(known);
  await known.click();
  await shows(dialog.getByRole("list", { name: word("chosen_people") }));
  await other.keyboard.press("Escape");
});

test("a file that is no picture is refused in words, as is one that is too large, and the picture stays", async () => {
  // The refusal itself, which a browser notes.
  amina.watch.allow(/status of 422/);
  const before = await avatar(account(admin)).locator("img").getAttribute("src");
  await give(account(admin), { name: "flower.jpg", mimeType: "image/jpeg", buffer: Buffer.from("<svg onload=alert(1)>") });
  await account(admin).getByRole("alert").getByText(word("picture_refused")).waitFor();
  await give(account(admin), { name: "wall.png", mimeType: "image/png", buffer: Buffer.alloc(8 * 1024 * 1024 + 1) });
  await account(admin).getByRole("alert").getByText(word("picture_too_large")).waitFor();
  await clean(admin, "a picture that was refused");
  await shows(account(admin));
  expect(await avatar(account(admin)).locator("img").getAttribute("src")).toBe(before);
});

test("a picture of which the browser makes nothing is refused in words", async () => {
  await admin.evaluate(() => {
    const { toBlob } = HTMLCanvasElement.prototype;
    HTMLCanvasElement.prototype.toBlob = (callback) => {
      HTMLCanvasElement.prototype.toBlob = toBlob;
      callback(null);
    };
  });
  await pick(account(admin), picture("china.jpg"));
  await account(admin).getByRole("alert").getByText(word("picture_refused")).waitFor();
  expect(await account(admin).getByRole("group", { name: word("crop") }).count()).toBe(0);
});

test("another picture takes its place in the windows of others", async () => {
  const shown = () => avatar(row(other, "Amina")).locator("img").getAttribute("src");
  const before = await shown();
  await pick(account(admin), picture("china.jpg"));
  await expect.poll(shown, { timeout: 20_000 }).not.toBe(before);
  await shows(row(other, "Amina"));
  expect(await account(admin).getByRole("alert").count()).toBe(0);
});

test("what others see of a picture is chosen first, by pointer and by keys", async () => {
  const crop = account(admin).getByRole("group", { name: word("crop") });
  const before = await avatar(account(admin)).locator("img").getAttribute("src");
  await give(account(admin), picture("china.jpg"));
  const canvas = crop.locator("canvas");
  const drawn = () => canvas.evaluate((one: HTMLCanvasElement) => one.toDataURL());
  await crop.waitFor();
  await clean(admin, "what is seen of a picture");
  const whole = await drawn();
  // The slider has the focus already.
  for (let i = 0; i < 20; i++) await admin.keyboard.press("ArrowRight");
  await expect.poll(drawn, { timeout: 10_000 }).not.toBe(whole);
  const larger = await drawn();
  const box = (await canvas.boundingBox())!;
  await admin.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await admin.mouse.down();
  await admin.mouse.move(box.x + box.width / 4, box.y + box.height / 4, { steps: 4 });
  await admin.mouse.up();
  await expect.poll(drawn, { timeout: 10_000 }).not.toBe(larger);
  await button(crop, "cancel").click();
  await crop.waitFor({ state: "detached" });
  expect(await avatar(account(admin)).locator("img").getAttribute("src"), "nothing was set").toBe(before);

  await give(account(admin), picture("china.jpg"));
  await crop.getByLabel(word("crop_zoom")).fill("3");
  await button(crop, "picture_use").click();
  await expect.poll(() => avatar(account(admin)).locator("img").getAttribute("src"), { timeout: 20_000 }).not.toBe(before);
  await shows(account(admin));
});

test("a room's picture is set by who may, and seen by the others, who are not offered it", async () => {
  await openRoom(admin, NAME);
  await admin.getByRole("heading", { level: 1, name: NAME }).click();
  await showsLetters(aside(admin), "TG");
  await pick(aside(admin), picture("flower.jpg"));
  await shows(aside(admin));
  await shows(row(other, NAME));
  await shows(head(other, NAME));
  await other.getByRole("heading", { level: 1, name: NAME }).click();
  await aside(other).getByRole("heading", { name: plural("people_count", 2) }).waitFor();
  await shows(aside(other));
  expect(await button(aside(other), "picture_change").count()).toBe(0);
  expect(await button(aside(other), "picture_take_away").count()).toBe(0);
});

test("one that does not load leaves the letters", async () => {
  yuki.watch.allow(/ERR_FAILED/);
  await other.route(/\/picture\?/, (route) => route.abort());
  // Another address, which no cache has.
  await pick(aside(admin), picture("china.jpg"));
  await showsLetters(row(other, NAME), "TG");
  await other.unrouteAll();
  await pick(aside(admin), picture("flower.jpg"));
  await shows(row(other, NAME));
});

test("what is taken away is letters again, everywhere", async () => {
  await button(aside(admin), "picture_take_away").click();
  await showsLetters(aside(admin), "TG");
  await showsLetters(row(other, NAME), "TG");
  await expect.poll(() => button(aside(admin), "picture_set").evaluate((one) => one === document.activeElement)).toBe(true);

  await openSettings(admin);
  await button(account(admin), "picture_take_away").click();
  await showsLetters(account(admin), "A");
  await showsLetters(row(other, "Amina"), "A");
  await showsLetters(message(other, "spring"), "A");
});

test("a stranger's request shows no picture until it is taken up", async () => {
  const oleh = await here.person("phone", "Oleh");
  const page = await oleh.open(here.browser);
  await openSettings(page);
  const own = page.getByRole("main").getByRole("article", { name: "Oleh" });
  await pick(own, picture("flower.jpg"));
  await shows(own);
  const { room } = await oleh.post<{ room: string }>(`accounts/${oleh.account.id}/rooms`, { name: "", people: [yuki.account.user] });
  await until("Yuki is in", async () => (await oleh.rooms()).find((one) => one.room === room && one.count === 2 && one.state === "open"));
  await oleh.say(room, "Is this the gardener?");

  await other.getByRole("group", { name: word("folders") }).getByRole("button", { name: word("folder_requests") }).click();
  const request = other.getByRole("list", { name: word("conversations") }).getByRole("listitem").first();
  await request.getByText("Is this the gardener?").waitFor();
  await request.getByRole("button").first().click();
  const region = other.getByRole("region", { name: word("request_title") });
  await region.waitFor();
  expect(await other.locator(".avatar img").count()).toBe(0);
  await clean(other, "the request of a stranger");

  await button(region, "request_accept").click();
  await shows(head(other, "Oleh"));
});
