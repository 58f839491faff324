// Where the focus goes when what had it is no longer on the screen: to what the person came from.
import type { Where } from "../state/view.svelte";
import { roomKey } from "../state/rooms.svelte";

export function refocus(was: Where, now: Where): void {
  const lost = document.activeElement === null || document.activeElement === document.body || !isShown(document.activeElement);
  if (lost) target(was, now)?.focus();
}

function target(was: Where, now: Where): HTMLElement | null | undefined {
  if (was.aside && !now.aside && now.place) return find(".conversation header .who");
  if (was.place && !now.place) return find(`.rows [data-room="${CSS.escape(roomKey(was.place))}"]`) ?? find(".rows .open");
  if (was.page && !now.page) return find(".inbox .settings");
  // On a phone the keyboard would cover what one came to read.
  if (now.place && !now.aside) return matchMedia("(hover: hover)").matches ? (find(".composer textarea") ?? find(".conversation header .who")) : find(".conversation header .back");
  return undefined;
}

function find(selector: string): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLElement>(selector)].find(isShown);
}

function isShown(element: Element): boolean {
  return element.checkVisibility();
}
