// The messages that wait for their files, by conversation, as the process tells it.
import { SvelteMap } from "svelte/reactivity";
import * as api from "../api/waiting";
import type { Place } from "../api/rooms";
import type { Waiting } from "../api/types";
import { roomKey } from "./rooms.svelte";

const byRoom = new SvelteMap<string, Waiting[]>();

export function waitingIn(place: Place): Waiting[] {
  return byRoom.get(roomKey(place)) ?? [];
}

export function takeWaiting(place: Place, waiting: Waiting[]): void {
  if (waiting.length > 0) byRoom.set(roomKey(place), waiting);
  else byRoom.delete(roomKey(place));
}

export async function loadWaiting(place: Place): Promise<void> {
  takeWaiting(place, await api.waiting(place));
}
