// What the page says, by the names of its sentences, so that a better wording breaks no test.
import { readFileSync } from "node:fs";

type Catalogue = Record<string, unknown>;
const read = (locale: string) => JSON.parse(readFileSync(new URL(`../../../messages/${locale}.json`, import.meta.url), "utf8")) as Catalogue;
const catalogues = new Map<string, Catalogue>();

/** The sentence in a language; those that depend on a number are not for here. */
export function word(name: string, inputs: Record<string, string> = {}, locale = "en"): string {
  if (!catalogues.has(locale)) catalogues.set(locale, read(locale));
  const sentence = catalogues.get(locale)![name];
  if (typeof sentence !== "string") throw new Error(`${name} is no plain sentence of ${locale}.json`);
  return sentence.replace(/\{(\w+)\}/g, (_, input: string) => {
    if (inputs[input] === undefined) throw new Error(`${name} needs ${input}`);
    return inputs[input];
  });
}

/** The sentence for a number, where it has no other input. */
export function plural(name: string, n: number, locale = "en"): string {
  word("close", {}, locale);
  const [variants] = catalogues.get(locale)![name] as { match: Record<string, string> }[];
  const holds: Record<string, string> = { n: String(n), form: new Intl.PluralRules(locale).select(n) };
  const fits = (key: string) => key.split(", ").every((part) => part.endsWith("=*") || holds[part.split("=")[0]!] === part.split("=")[1]);
  const [, sentence] = Object.entries(variants!.match).find(([key]) => fits(key))!;
  return sentence.replace("{shown}", new Intl.NumberFormat(locale).format(n));
}
