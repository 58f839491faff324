// A window loads the sentences of the language that it speaks, and others only when they are chosen.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { stage } from "./setting/stage";
import { word } from "./setting/words";

const here = stage();

const loaded = (page: Page) =>
  page.evaluate(() => {
    const files = performance.getEntriesByType("resource").map((one) => /\/assets\/(en|de|ar)-[^/]*\.js$/.exec(one.name)?.[1]);
    return [...new Set(files.filter((one) => one !== undefined))].sort();
  });

test("one language is loaded, and another when it is chosen", async () => {
  const person = await here.person("account", "Amina");
  const page = await person.open(here.browser);
  await page.getByRole("heading", { name: word("inbox_empty_title") }).waitFor();
  expect(await loaded(page)).toEqual(["en"]);
  await person.post("settings", { language: "de" });
  await page.getByRole("heading", { name: word("inbox_empty_title", {}, "de") }).waitFor();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe("de");
  expect(await loaded(page)).toEqual(["de", "en"]);
  // The next window speaks it from the beginning.
  const next = await person.another();
  await next.getByRole("heading", { name: word("inbox_empty_title", {}, "de") }).waitFor();
  expect(await loaded(next)).toEqual(["de"]);
  await person.post("settings", { language: "ar" });
  await next.getByRole("heading", { name: word("inbox_empty_title", {}, "ar") }).waitFor();
  expect(await next.evaluate(() => document.documentElement.dir)).toBe("rtl");
});
