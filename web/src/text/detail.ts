// What the process adds in English words: it helps who reads English, and says nothing to others.
import { getLocale } from "../paraglide/runtime.js";

export function inEnglish(detail: string | null | undefined): string {
  return getLocale() === "en" ? (detail ?? "") : "";
}
