// Pictures of the page for the documentation, with real people and content, into docs/screenshots. `SHOTS=all` takes every
// screen at every width in light and dark, into a folder of one's choice (`SHOTS_FOLDER`).
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { beforeAll, test } from "vitest";
import { composer, openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { scene, type Scene } from "./setting/scene";
import { stage } from "./setting/stage";
import { Tour } from "./setting/tour";
import { word } from "./setting/words";

const all = process.env["SHOTS"] === "all";
const folder = process.env["SHOTS_FOLDER"] ?? fileURLToPath(new URL("../../../docs/screenshots", import.meta.url));
const here = stage();
let of: Scene;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  of = await scene(here, "cards-grandmother");
  const recovery = `accounts/${of.amina.account.id}/recovery`;
  const { code } = await of.amina.post<{ code: string }>(recovery);
  await of.amina.post(`${recovery}/confirm`, { code });
}, 240_000);

async function shoot(page: Page, name: string): Promise<void> {
  const path = join(folder, `${name}.png`);
  await page.mouse.move(2, 2);
  await page.waitForTimeout(400);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  // 256 colours are enough for a page, and a third of the bytes.
  if (existsSync("/usr/bin/pngquant")) execFileSync("/usr/bin/pngquant", ["--force", "--skip-if-larger", "--quality=70-95", "--output", path, path], { stdio: "ignore" });
}

async function opened(person: Person, theme: string, width: number, height: number): Promise<Page> {
  await person.context?.close();
  await person.restart();
  await person.post("settings", { theme, language: "" });
  return person.open(here.browser, { viewport: { width, height }, deviceScaleFactor: 1 });
}

const room = async (page: Page) => {
  await openRoom(page, of.title);
  await composer(page).waitFor();
  await page.locator("button.jump").click({ timeout: 3_000 }).catch(() => undefined);
  await page.getByRole("img", { name: /flower/ }).last().waitFor();
  await page.waitForTimeout(600);
};

test.skipIf(all)("inbox and conversation, light and dark", async () => {
  for (const theme of ["light", "dark"]) {
    const page = await opened(of.amina, theme, 1280, 800);
    await room(page);
    await shoot(page, `conversation-${theme}`);
  }
});

test.skipIf(all)("a narrow window, the details of a group, a safety number", async () => {
  let page = await opened(of.amina, "dark", 320, 640);
  await room(page);
  await shoot(page, "conversation-narrow-dark");
  page = await opened(of.amina, "light", 1280, 800);
  await room(page);
  await page.getByRole("heading", { level: 1, name: of.title }).click();
  const details = page.getByRole("region", { name: word("details") });
  await details.getByRole("listitem").filter({ hasText: "Yuki" }).first().waitFor();
  await shoot(page, "group-details");
  await details.getByRole("listitem").filter({ hasText: "Oleh" }).getByRole("button").first().click();
  await details.getByRole("list", { name: word("safety_digits") }).waitFor();
  await shoot(page, "safety-number");
});

test.skipIf(all)("the first run", async () => {
  const page = await (await here.newcomer("Somebody")).open(here.browser, { viewport: { width: 1280, height: 800 } });
  await page.getByRole("heading", { name: word("first_title") }).waitFor();
  await shoot(page, "first-run");
});

test.runIf(all)("every screen at every width, light and dark", async () => {
  for (const theme of ["light", "dark"] as const)
    for (const width of [320, 768, 1280]) {
      const newcomer = await here.newcomer(`Newcomer ${theme} ${width}`);
      const first = await newcomer.open(here.browser, { viewport: { width, height: 800 }, colorScheme: theme });
      for (const stop of new Tour(first).firstRun("account.test")) {
        await stop.open();
        await shoot(first, `${stop.name}-${width}-${theme}`);
        await stop.leave?.();
      }
      await newcomer.end();
      const page = await opened(of.amina, theme, width, 800);
      if (width < 900) {
        await room(page);
        await shoot(page, `conversation-${width}-${theme}`);
        await page.getByRole("heading", { level: 1, name: of.title }).click();
        await page.waitForTimeout(500);
        await shoot(page, `group-details-${width}-${theme}`);
        await page.keyboard.press("Control+,");
        await page.waitForTimeout(500);
        await shoot(page, `settings-${width}-${theme}`);
      } else for await (const name of new Tour(page).everything(of.title)) await shoot(page, `${name}-${width}-${theme}`);
    }
}, 600_000);
