// What the process adds in English words: it helps who reads English, and says nothing to others.
import { m } from "../paraglide/messages.js";
import { getLocale } from "../paraglide/runtime.js";

export function inEnglish(detail: string | null | undefined): string {
  return getLocale() === "en" ? (detail ?? "") : "";
}

/** Why a message was not sent: what a safety team decided, in the person's language; all else as the process says it. */
export function whyNotSent(failure: string | null | undefined): string {
  const code = /^the service refused it: (\w+)$/.exec(failure ?? "")?.[1];
  if (code === "Suspended") return m.error_suspended();
  if (code === "Limited") return m.error_limited();
  return inEnglish(failure);
}
