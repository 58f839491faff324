// The sentences of the language that is spoken, and of no other: each language is a file of its own, loaded when it is chosen. The build
// puts this in the place of the module that has them all (vite.config.ts); its types hold here, and a test that all have every sentence.
import type { m as All } from "../paraglide/messages.js";
import type { Locale } from "../paraglide/runtime.js";

type Sentences = Record<string, (inputs?: object) => string>;

const languages: Record<Locale, () => Promise<unknown>> = {
  en: () => import("../paraglide/messages/en.js"),
  de: () => import("../paraglide/messages/de.js"),
  ar: () => import("../paraglide/messages/ar.js"),
};

let spoken: Sentences;

/** Each is looked up when it is said, so that a table of sentences speaks whatever language is spoken then. */
export const m = new Proxy({}, { get: (_, name: string) => (inputs?: object) => spoken[name]!(inputs ?? {}) }) as typeof All;

export async function sentencesOf(locale: Locale): Promise<Sentences> {
  return (await languages[locale]()) as Sentences;
}

export function say(sentences: Sentences): void {
  spoken = sentences;
}
