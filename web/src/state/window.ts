// A window of a timeline: the items between two positions, without gaps. Pure: what comes in is merged, a new window goes out.
import type { Item, Position, TimelinePage } from "../api/types";

export interface Window {
  items: Item[];
  moreBefore: boolean;
  moreAfter: boolean;
}

export type Placed = "replaced" | "appended" | "inserted" | "outside";

export const empty: Window = { items: [], moreBefore: false, moreAfter: false };

export function fromPage(page: TimelinePage): Window {
  return { items: sorted(page.items), moreBefore: page.more_before, moreAfter: page.more_after };
}

/** Puts an older page before what is there; where both know an item, events have made the one that is there the newer. */
export function prepend(window: Window, page: TimelinePage): Window {
  return { ...window, items: union(page.items, window.items), moreBefore: page.more_before };
}

/** Puts a newer page after what is there. */
export function append(window: Window, page: TimelinePage): Window {
  return { ...window, items: union(page.items, window.items), moreAfter: page.more_after };
}

/** One item that is new or has changed. What lies beyond an end that is not loaded stays outside. */
export function upsert(window: Window, item: Item): { window: Window; placed: Placed } {
  const key = keyOf(item);
  const old = window.items.findIndex((known) => keyOf(known) === key);
  if (old >= 0) {
    const same = comparePositions(window.items[old]!.position, item.position) === 0;
    const items = same ? window.items.with(old, item) : sorted(window.items.toSpliced(old, 1, item));
    return { window: { ...window, items }, placed: "replaced" };
  }
  const last = window.items.at(-1);
  if (last === undefined || comparePositions(item.position, last.position) > 0) {
    if (window.moreAfter) return { window, placed: "outside" };
    return { window: { ...window, items: [...window.items, item] }, placed: "appended" };
  }
  if (comparePositions(item.position, window.items[0]!.position) < 0 && window.moreBefore) return { window, placed: "outside" };
  return { window: { ...window, items: sorted([...window.items, item]) }, placed: "inserted" };
}

export function without(window: Window, message: string): Window {
  return { ...window, items: window.items.filter((item) => item.kind !== "message" || item.message !== message) };
}

/** Forgets the end that is far from where the person reads, so that hours of scrolling do not fill the memory. */
export function forgetAfter(window: Window, keep: number): Window {
  if (window.items.length <= keep) return window;
  return { ...window, items: window.items.slice(0, keep), moreAfter: true };
}

/** The same at the other end. */
export function forgetBefore(window: Window, keep: number): Window {
  if (window.items.length <= keep) return window;
  return { ...window, items: window.items.slice(-keep), moreBefore: true };
}

export function keyOf(item: Item): string {
  return item.kind === "message" ? item.message : `note ${item.position}`;
}

/** Positions are text that sorts as the timeline does. */
export function comparePositions(a: Position, b: Position): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function union(first: Item[], second: Item[]): Item[] {
  return sorted([...new Map([...first, ...second].map((item) => [keyOf(item), item])).values()]);
}

function sorted(items: Item[]): Item[] {
  return items.toSorted((a, b) => comparePositions(a.position, b.position));
}
