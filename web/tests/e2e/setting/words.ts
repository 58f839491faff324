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
