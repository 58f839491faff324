// Three people on three services in one group, with pictures.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { button, composer, message, takeUp, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { word } from "./setting/words";

const picture = (name: string) => fileURLToPath(new URL(`../../../demo/${name}`, import.meta.url));
const NAME = "Reading on 10 December 🕯️";

const here = stage();
const people: Person[] = [];
const pages: Page[] = [];

beforeAll(async () => {
  people.push(await here.person("account", "Amina"), await here.person("handle", "Yuki"), await here.person("phone", "Oleh"));
  for (const person of people) pages.push(await person.open(here.browser));
});

test("a group of people on three services is made in the window", async () => {
  const page = pages[0]!;
  await button(page, "start_new").click();
  await page.getByRole("menuitem", { name: word("start_group"), exact: true }).click();
  const dialog = page.getByRole("dialog", { name: word("start_group") });
  const name = dialog.getByLabel(word("group_name"));
  await expect.poll(() => name.evaluate((one) => one === document.activeElement), { message: "the first field has the focus" }).toBe(true);
  await name.fill(NAME);
  for (const other of people.slice(1)) {
    const { link } = await other.get<{ link: string }>(`accounts/${other.account.id}/card`);
    await dialog.getByLabel(word("find_label")).fill(link);
    await button(dialog, "find").click();
    await dialog.getByRole("list", { name: word("found_people") }).getByRole("button").click();
  }
  await dialog.locator("footer").getByRole("button").last().click();
  await composer(page).waitFor();
  for (const other of pages.slice(1)) await takeUp(other);
  await write(page, "Good morning you two!");
  for (const other of pages) await message(other, "Good morning you two!").waitFor();
});

test.each([
  { who: 1, caption: "これはどうですか？", files: ["china.jpg", "flower.jpg"] },
  { who: 0, caption: "The hall as it was last year", files: ["china.jpg"] },
  { who: 2, caption: "А це квітка", files: ["flower.jpg"] },
])("everybody sees what one of each service sends with a caption: $caption", async ({ who, caption, files }) => {
  const page = pages[who]!;
  await page.locator("input[type=file]").setInputFiles(files.map(picture));
  await page.getByRole("list", { name: word("attached_files") }).getByText(files.at(-1)!).waitFor();
  await write(page, caption);
  for (const other of pages) {
    const images = message(other, caption).getByRole("img", { name: /china|flower/ });
    await expect.poll(() => images.count(), { timeout: 20_000 }).toBe(files.length);
    for (const image of await images.all())
      await expect.poll(() => image.evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth), { timeout: 20_000 }).toBeGreaterThan(100);
  }
});

test("where a picture was taken stays with whoever sends it, and everybody else gets the same file", async () => {
  const [amina, yuki, oleh] = people as [Person, Person, Person];
  const room = (await oleh.rooms()).find((one) => one.name === NAME)!.room;
  const place = Buffer.from("Exif\0\0taken at 50.4501 N 30.5234 E");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(place.length + 2);
  const plain = readFileSync(picture("flower.jpg"));
  const buffer = Buffer.concat([plain.subarray(0, 2), Buffer.from([0xff, 0xe1]), length, place, plain.subarray(2)]);
  await pages[2]!.locator("input[type=file]").setInputFiles({ name: "garden.jpg", mimeType: "image/jpeg", buffer });
  await write(pages[2]!, "В саду");
  await message(pages[0]!, "В саду").getByRole("img", { name: /garden/ }).waitFor();
  const kept: Buffer[] = [];
  for (const person of [amina, yuki]) {
    const { message: id } = await until(`${person.name} has it`, async () => (await person.messages(room)).find((one) => one.text === "В саду"));
    kept.push(Buffer.from(await person.bytes(person.in(room, `messages/${id}/files/0`))));
  }
  expect(kept[0]!.equals(kept[1]!)).toBe(true);
  expect(kept[0]!.length).toBeGreaterThan(plain.length / 2);
  expect(kept[0]!.includes("50.4501")).toBe(false);
});

test("a picture opens large, the next one by the arrow key, and closes by Esc", async () => {
  const page = pages[2]!;
  await message(page, "これはどうですか？").getByRole("button", { name: /china/ }).click();
  const gallery = page.getByRole("dialog", { name: word("gallery") });
  await gallery.getByRole("img", { name: /china/ }).waitFor();
  await page.keyboard.press("ArrowRight");
  const next = gallery.getByRole("img", { name: /flower/ });
  await expect.poll(() => next.evaluate((img: HTMLImageElement) => img.naturalWidth), { timeout: 20_000 }).toBeGreaterThan(300);
  await page.keyboard.press("Escape");
  await gallery.waitFor({ state: "detached" });
});

test("everybody's marks count up to two of two", async () => {
  await write(pages[2]!, "Дуже гарно.");
  await message(pages[0]!, "Дуже гарно.").waitFor();
  for (const page of pages.slice(0, 2)) await page.bringToFront();
  const mark = message(pages[2]!, "Дуже гарно.").locator("[data-stage]");
  await expect.poll(() => mark.getAttribute("data-stage"), { timeout: 20_000 }).toBe("read");
});
