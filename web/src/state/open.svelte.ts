// The timeline that is on the screen; at most one.
import type { Timeline } from "./timeline.svelte";

let current = $state.raw<Timeline | undefined>(undefined);

export function openTimeline(): Timeline | undefined {
  return current;
}

export function setOpenTimeline(timeline: Timeline | undefined): void {
  current = timeline;
}
