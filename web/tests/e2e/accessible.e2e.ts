// Everybody can use it: axe finds nothing on any screen or dialog in any look (what shows only for a while or after something went
// wrong is looked at where it is tested, by `clean`), the keyboard alone suffices, a narrow window scrolls
// nothing sideways, and who wants no motion gets none.
import type { BrowserContextOptions, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean, violations } from "./setting/axe";
import { button, composer, message, openRoom } from "./setting/hands";
import { identifiers, type Person } from "./setting/person";
import { scene, type Scene } from "./setting/scene";
import { stage } from "./setting/stage";
import { Tour } from "./setting/tour";
import { until } from "./setting/until";
import { word } from "./setting/words";

const here = stage();
let of: Scene;

beforeAll(async () => {
  of = await scene(here, "bidi-check");
}, 180_000);

/** Nothing is wider than the window, but what scrolls by itself. */
const fits = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

/** What lies beyond the sides of the window, but for what scrolls there by itself, and for what is not to be seen. */
const beyond = (page: Page) =>
  page.evaluate(() => {
    const scrolls = (element: Element | null): boolean =>
      element !== null && ((element.scrollWidth > element.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(element).overflowX)) || scrolls(element.parentElement));
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".unseen, svg"))
      .filter((element) => {
        const { left, right, width, height } = element.getBoundingClientRect();
        return width > 0 && height > 0 && (left < -1 || right > innerWidth + 1) && !scrolls(element);
      })
      .map((element) => element.outerHTML.slice(0, 160));
  });

interface Look {
  look: string;
  options: BrowserContextOptions;
  theme: string;
  language: string;
  /** Where the colours or the length of words differ only, these screens are enough. */
  only?: string[];
}

const MAIN = ["inbox", "dialog-group", "conversation", "group-details", "person", "settings", "recovery"];
const wide = { width: 1280, height: 800 };
const looks: Look[] = [
  { look: "light", options: { viewport: wide }, theme: "light", language: "" },
  { look: "dark", options: { viewport: wide }, theme: "dark", language: "" },
  { look: "high contrast", options: { viewport: wide }, theme: "contrast", language: "", only: MAIN },
  { look: "right to left", options: { viewport: wide }, theme: "light", language: "ar" },
  { look: "narrow", options: { viewport: { width: 320, height: 640 } }, theme: "light", language: "" },
  { look: "narrow, right to left", options: { viewport: { width: 320, height: 640 } }, theme: "dark", language: "ar", only: MAIN },
  { look: "narrow German", options: { viewport: { width: 320, height: 640 } }, theme: "light", language: "de", only: MAIN },
  { look: "German", options: { viewport: wide }, theme: "dark", language: "de", only: MAIN },
];

async function opened(person: Person, { options, theme, language }: Look): Promise<Page> {
  await person.post("settings", { theme, language });
  // A window for a new launch link, in a browser that knows nothing of the one before.
  await person.context?.close();
  await person.restart();
  return person.open(here.browser, options);
}

test.each(looks)("every screen and dialog is without violations: $look", async (look) => {
  const page = await opened(of.amina, look);
  const found: string[] = [];
  for await (const name of new Tour(page, look.language || "en").everything(of.title, look.only)) {
    for (const violation of await violations(page)) found.push(`${name}: ${violation}`);
    if (!(await fits(page))) found.push(`${name}: scrolls sideways`);
    for (const cut of await beyond(page)) found.push(`${name}: beyond the window: ${cut}`);
  }
  if (look.language === "ar") expect(await page.evaluate(() => document.documentElement.dir)).toBe("rtl");
  await of.amina.context!.close();
  of.amina.context = undefined;
  expect(found).toEqual([]);
}, 240_000);

test.each(["light", "dark"] as const)("the first run is without violations, wide and narrow: %s", async (colorScheme) => {
  const newcomer = await here.newcomer(`Newcomer ${colorScheme}`);
  const page = await newcomer.open(here.browser, { colorScheme });
  const found: string[] = [];
  for (const stop of new Tour(page).firstRun("account.test")) {
    await stop.open();
    await page.waitForTimeout(350);
    for (const viewport of [wide, { width: 320, height: 640 }]) {
      await page.setViewportSize(viewport);
      for (const violation of await violations(page)) found.push(`${stop.name} ${viewport.width}: ${violation}`);
      if (!(await fits(page))) found.push(`${stop.name} ${viewport.width}: scrolls sideways`);
    }
    await stop.leave?.();
  }
  expect(found).toEqual([]);
}, 120_000);

test("at 320 pixels nothing scrolls sideways, and a conversation can be held", async () => {
  await of.yuki.post("settings", { theme: "light", language: "" });
  const page = await of.yuki.open(here.browser, { viewport: { width: 320, height: 640 }, hasTouch: true });
  await page.getByRole("list", { name: word("conversations") }).getByRole("listitem").first().waitFor();
  expect(await fits(page)).toBe(true);
  expect(await violations(page)).toEqual([]);
  await openRoom(page, of.title);
  await page.waitForTimeout(500);
  expect(await fits(page)).toBe(true);
  expect(await violations(page)).toEqual([]);
  await composer(page).fill("from a small window");
  await composer(page).press("Enter");
  await message(page, "from a small window").waitFor();
  const box = await message(page, "from a small window").locator("p").first().boundingBox();
  expect(box!.x >= 0 && box!.x + box!.width <= 320).toBe(true);
  await page.getByRole("heading", { level: 1, name: of.title }).click();
  await page.getByRole("region", { name: word("details") }).getByRole("listitem").filter({ hasText: "Amina" }).first().waitFor();
  expect(await fits(page)).toBe(true);
  await page.goBack();
  await button(page, "back").first().click();
  await page.getByRole("list", { name: word("conversations") }).waitFor();
});

/** Goes on with Tab until what has the focus is the one; never more than some steps. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let i = 0; i < 60; i++) {
    const focused = await page.evaluate(() => {
      const at = document.activeElement as HTMLElement | null;
      if (at === document.body) return "";
      const labels = [...((at as HTMLInputElement | null)?.labels ?? [])].map((label) => label.innerText).join(" ");
      return `${at?.getAttribute("aria-label") ?? ""} ${labels} ${at?.innerText ?? ""}`;
    });
    if (typeof name === "string" ? focused.includes(name) : name.test(focused)) {
      const visible = await page.evaluate(() => document.activeElement!.matches(":focus-visible") && document.activeElement!.getBoundingClientRect().height > 0);
      expect(visible, `the focus on ${String(name)} can be seen`).toBe(true);
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reaches ${String(name)}`);
}

test("from the first run to a message without a mouse", async () => {
  const typist = await here.newcomer("Typist");
  const page = await typist.open(here.browser);
  const keys = page.keyboard;
  await tabTo(page, word("first_new"));
  await keys.press("Enter");
  await page.getByRole("heading", { name: word("service_title") }).waitFor();
  await tabTo(page, "account.test");
  await keys.press("Space");
  await tabTo(page, new RegExp(`^\\s*${word("next")}\\s*$`));
  await keys.press("Enter");
  await page.getByRole("textbox", { name: word("display_name"), exact: true }).waitFor();
  await tabTo(page, word("display_name"));
  await keys.type("Typist");
  await tabTo(page, word("account_name"));
  await keys.type(identifiers.account("Typist"));
  await keys.press("Enter");
  const shown = page.getByRole("list", { name: word("recovery_code") });
  await shown.waitFor();
  await clean(page, "the recovery code of a new account");
  const groups = await shown.locator("code").allInnerTexts();
  await tabTo(page, word("recovery_written"));
  await keys.press("Enter");
  await page.getByRole("heading", { name: word("recovery_confirm_title") }).waitFor();
  await clean(page, "the recovery code of a new account, asked back");
  for (const [i, group] of groups.entries()) {
    const name = word("recovery_group", { n: `${i + 1}` });
    if ((await page.getByRole("textbox", { name, exact: true }).count()) === 0) continue;
    await tabTo(page, new RegExp(`${name}(?!\\d)`));
    await keys.type(group);
  }
  await keys.press("Enter");
  await page.getByRole("heading", { name: word("inbox_empty_title") }).waitFor();
  await clean(page, "an inbox with nothing in it");

  await tabTo(page, word("start_new"));
  await keys.press("Enter");
  await page.getByRole("menuitem", { name: word("start_find") }).waitFor();
  while (!(await page.getByRole("menuitem", { name: word("start_find") }).evaluate((item) => item === document.activeElement))) await keys.press("ArrowDown");
  await keys.press("Enter");
  const { link } = await of.oleh.get<{ link: string }>(`accounts/${of.oleh.account.id}/card`);
  await page.getByLabel(word("find_label")).waitFor();
  await keys.type(link);
  await keys.press("Enter");
  const found = page.getByRole("list", { name: word("found_people") }).getByRole("button");
  await found.waitFor();
  while (!(await found.evaluate((item) => item === document.activeElement))) await keys.press("Tab");
  await keys.press("Enter");
  await composer(page).waitFor();
  await tabTo(page, /Message to/);
  await keys.type("typed, not clicked");
  await keys.press("Enter");
  await message(page, "typed, not clicked").waitFor();
  // Back to the message by the arrow, and a reaction by its menu.
  await keys.press("ArrowUp");
  // A line about who came in may stand below it.
  for (let i = 0; i < 5 && !(await page.evaluate(() => document.activeElement?.textContent?.includes("typed, not clicked"))); i++) await keys.press("ArrowUp");
  await keys.press("Enter");
  await page.getByRole("menu").waitFor();
  await keys.press("Escape");
  await keys.press("Escape");
  await until("Oleh has it", async () => {
    for (const room of (await of.oleh.rooms()).filter((one) => one.request))
      if ((await of.oleh.messages(room.room)).some((one) => one.text === "typed, not clicked")) return true;
    return false;
  });
});

test("who wants no motion gets none", async () => {
  await of.oleh.post("settings", { theme: "light", language: "" });
  const page = await of.oleh.open(here.browser, { reducedMotion: "reduce" });
  await openRoom(page, of.title);
  await button(page, "settings").click();
  await page.waitForTimeout(100);
  const moving = await page.evaluate(() =>
    document.getAnimations().filter((one) => one.playState === "running" && Number(one.effect?.getComputedTiming().activeDuration) > 20).map((one) => (one as CSSAnimation).animationName ?? "transition"),
  );
  expect(moving).toEqual([]);
});
