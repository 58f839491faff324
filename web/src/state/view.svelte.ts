// Where the person is. The browser's back button walks through it, but the address never changes: names of rooms and people have
// no business in the browser's history.
import type { Place } from "../api/rooms";

export type Aside = { kind: "room" } | { kind: "person"; user: string };
export type Page =
  | { name: "settings" }
  | { name: "devices"; account: string }
  | { name: "recovery"; account: string }
  | { name: "safety"; account: string }
  | { name: "minors"; account: string }
  | { name: "decisions"; account: string };

export interface Where {
  place?: Place;
  /** A message to show first. */
  around?: string;
  aside?: Aside;
  page?: Page;
}

class View {
  where = $state.raw<Where>({});
  depth = $state(0);
}

export const view = new View();

export function start(): void {
  history.replaceState({ depth: 0, where: {} }, "", location.pathname);
  window.addEventListener("popstate", (event: PopStateEvent) => {
    const state = event.state as { depth: number; where: Where } | null;
    view.where = state?.where ?? {};
    view.depth = state?.depth ?? 0;
  });
}

export function go(where: Where): void {
  view.depth += 1;
  view.where = where;
  history.pushState({ depth: view.depth, where: $state.snapshot(where) }, "", location.pathname);
}

/** A step of the first run is one to go back over as well; the browser's history knows only its number. */
export function stepIn(step: number): void {
  view.depth += 1;
  history.pushState({ depth: view.depth, where: $state.snapshot(view.where), step }, "", location.pathname);
}

/** Changes where the person is without a step to go back over. */
export function settle(where: Where): void {
  view.where = where;
  history.replaceState({ depth: view.depth, where: $state.snapshot(where) }, "", location.pathname);
}

export function back(): void {
  if (view.depth > 0) history.back();
  else settle(upwards(view.where));
}

export const openRoom = (place: Place, around?: string) => go(around === undefined ? { place } : { place, around });

export function toggleAside(aside: Aside): void {
  const { place, aside: open } = view.where;
  if (!place) return;
  const same = open?.kind === aside.kind && (open.kind !== "person" || aside.kind !== "person" || open.user === aside.user);
  if (same) back();
  else go({ place, aside });
}

export function samePlace(a: Place | undefined, b: Place | undefined): boolean {
  return a !== undefined && b !== undefined && a.account === b.account && a.room === b.room;
}

function upwards(where: Where): Where {
  return where.aside && where.place ? { place: where.place } : {};
}
