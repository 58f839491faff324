import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Form = { declarations: string[]; selectors: string[]; match: Record<string, string> };
type Messages = Record<string, string | Form[]>;

const source = (locale: string) => readFileSync(new URL(`../messages/${locale}.json`, import.meta.url), "utf8");
const read = (locale: string) => JSON.parse(source(locale)) as Messages;
const english = read("en");
const variants = (message: string | Form[]) => (typeof message === "string" ? [message] : message.flatMap((one) => Object.values(one.match)));
const names = (message: string | Form[]) => new Set(variants(message).flatMap((text) => text.match(/\{\w+\}/g) ?? []));

it.each(["en", "de", "ar"])("no sentence of %s stands in the place of another of the same name", (locale) => {
  const keys = [...source(locale).matchAll(/^ {2}"(\w+)":/gm)].map(([, key]) => key!);
  expect(keys.length).toBeGreaterThan(500);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
});

describe.each(["de", "ar"])("the translation into %s", (locale) => {
  const translated = read(locale);

  it("has every sentence, and no other", () => {
    expect(Object.keys(translated).sort()).toEqual(Object.keys(english).sort());
  });

  it("names nothing that the page does not give", () => {
    for (const [key, message] of Object.entries(translated)) {
      const given = names(english[key] ?? "");
      for (const name of names(message)) expect(given, `${key} in ${locale}`).toContain(name);
    }
  });

  it("has all plural forms of its language", () => {
    const wanted = new Intl.PluralRules(locale).resolvedOptions().pluralCategories.filter((form) => form !== "other");
    for (const [key, message] of Object.entries(translated)) {
      if (typeof message === "string") continue;
      const forms = Object.keys(message[0]!.match).join(" ");
      for (const form of wanted) expect(forms, `${key} in ${locale}`).toContain(`form=${form}`);
      expect(forms, `${key} in ${locale}`).toContain("form=*");
    }
  });
});
