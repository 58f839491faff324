// What was begun and not sent. The process keeps it, so another window, or tomorrow, goes on with it.
import * as api from "../api/rooms";
import type { Place } from "../api/rooms";
import { roomKey, rooms, takeRoom } from "./rooms.svelte";

const SAVE_AFTER = 600;
const waiting = new Map<string, { place: Place; text: string; timer: number }>();

export function draftOf(place: Place): string {
  return waiting.get(roomKey(place))?.text ?? rooms.get(place)?.draft ?? "";
}

export function keepDraft(place: Place, text: string): void {
  const key = roomKey(place);
  clearTimeout(waiting.get(key)?.timer);
  waiting.set(key, { place, text, timer: window.setTimeout(() => void save(key), SAVE_AFTER) });
}

/** Saves at once what still waits: when a conversation is left, when the page is hidden, when the process is there again. */
export async function saveDrafts(): Promise<void> {
  await Promise.all([...waiting.keys()].map(save));
}

/** Whether words of this page are on their way to the process: until then its own are older. */
export function isSaving(place: Place): boolean {
  return waiting.has(roomKey(place));
}

async function save(key: string): Promise<void> {
  const draft = waiting.get(key);
  if (!draft) return;
  clearTimeout(draft.timer);
  try {
    if ((rooms.get(draft.place)?.draft ?? "") !== draft.text) takeRoom(await api.keepDraft(draft.place, draft.text));
    if (waiting.get(key) === draft) waiting.delete(key);
  } catch {
    // Kept in the page, and tried again with the next key, or when the process is there again.
  }
}
