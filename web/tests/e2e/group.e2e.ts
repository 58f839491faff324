// Three people on three services in one group, with pictures.
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { button, composer, message, takeUp, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
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
  await dialog.getByLabel(word("group_name")).fill(NAME);
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

test("everybody sees a picture with its caption", async () => {
  const page = pages[1]!;
  await page.locator("input[type=file]").setInputFiles([picture("china.jpg"), picture("flower.jpg")]);
  await page.getByRole("list", { name: word("attached_files") }).getByText("flower.jpg").waitFor();
  await write(page, "これはどうですか？");
  for (const other of pages) {
    const images = message(other, "これはどうですか？").getByRole("img", { name: /china|flower/ });
    await expect.poll(() => images.count(), { timeout: 20_000 }).toBe(2);
    for (const image of await images.all())
      await expect.poll(() => image.evaluate((img: HTMLImageElement) => img.complete && img.naturalWidth), { timeout: 20_000 }).toBeGreaterThan(100);
  }
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
