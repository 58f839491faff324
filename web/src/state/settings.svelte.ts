// What the person chose. The process keeps it; what the first paint needs is remembered in the browser as well.
import { post } from "../api/client";
import type { Settings, Theme } from "../api/types";
import { speak } from "../text/language";
import { failed } from "./notices.svelte";

const defaults: Settings = { language: "", theme: "system", notifications: "none", read_receipts: true, typing: true };
const remembered = "trefoil-look";

class Chosen {
  all = $state<Settings>(defaults);
  /** The language that is spoken now; whatever depends on it is drawn anew when it changes. */
  locale = $state("en");
  /** Keys without Ctrl or Alt, such as "r" and "?", can be switched off by people whom they hinder. */
  singleKeys = $state(true);
}

export const chosen = new Chosen();

/** Before the process has answered: the look of last time. */
export async function firstLook(): Promise<void> {
  let language = "";
  try {
    const [theme, spoken] = (localStorage.getItem(remembered) ?? "system,").split(",");
    language = spoken ?? "";
    wear((theme || "system") as Theme);
    chosen.singleKeys = localStorage.getItem("trefoil-keys") !== "off";
  } catch {
    // A browser that keeps nothing: the system's look, and the browser's language.
  }
  chosen.locale = await speak(language);
}

export function take(settings: Settings): void {
  chosen.all = settings;
  wear(settings.theme);
  speak(settings.language).then((locale) => (chosen.locale = locale), failed);
  try {
    localStorage.setItem(remembered, `${settings.theme},${settings.language}`);
  } catch {
    // A browser that keeps nothing shows the system's look for a moment at the next start.
  }
}

export async function choose(part: Partial<Settings>): Promise<void> {
  const before = chosen.all;
  take({ ...before, ...part });
  try {
    take(await post<Settings>("settings", part));
  } catch (error) {
    take(before);
    failed(error);
  }
}

export function allowSingleKeys(allow: boolean): void {
  chosen.singleKeys = allow;
  try {
    localStorage.setItem("trefoil-keys", allow ? "on" : "off");
  } catch {
    // Holds for this page only, then.
  }
}

function wear(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
}
