// Which language the page speaks: the one that was chosen, else the browser's, else English.
import { getLocale, isLocale, locales, setLocale, type Locale } from "../paraglide/runtime.js";
import { say, sentencesOf } from "./words";

export const languages: { code: Locale; own: string; direction: "ltr" | "rtl" }[] = [
  { code: "en", own: "English", direction: "ltr" },
  { code: "de", own: "Deutsch", direction: "ltr" },
  { code: "ar", own: "العربية", direction: "rtl" },
];

let wanted: Locale | undefined;

/** Once its sentences are here; if another language was chosen meanwhile, that one is to come. */
export async function speak(chosen: string): Promise<Locale> {
  const locale = isLocale(chosen) ? chosen : fromBrowser();
  wanted = locale;
  const sentences = await sentencesOf(locale);
  if (wanted !== locale) return getLocale();
  say(sentences);
  void setLocale(locale, { reload: false });
  document.documentElement.lang = locale;
  document.documentElement.dir = languages.find((known) => known.code === locale)?.direction ?? "ltr";
  return locale;
}

/** The tag that dates and numbers follow: with the region that the browser names for the language, where it does. */
export function tag(locale: Locale): string {
  return navigator.languages.find((wanted) => wanted.split("-")[0]?.toLowerCase() === locale) ?? locale;
}

function fromBrowser(): Locale {
  const wanted = navigator.languages.map((tag) => tag.split("-")[0]?.toLowerCase());
  return wanted.map((tag) => locales.find((known) => known === tag)).find((found) => found !== undefined) ?? "en";
}
