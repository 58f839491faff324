// The messages that wait for their files, by conversation, as the process tells it.
import { SvelteMap } from "svelte/reactivity";
import * as api from "../api/waiting";
import type { Place } from "../api/rooms";
import type { Waiting, WaitingRoom } from "../api/types";
import { roomKey } from "./rooms.svelte";

const byRoom = new SvelteMap<string, Waiting[]>();

export function waitingIn(place: Place): Waiting[] {
  return byRoom.get(roomKey(place)) ?? [];
}

export function takeWaiting(room: WaitingRoom): void {
  if (room.waiting.length > 0) byRoom.set(roomKey(room), room.waiting);
  else byRoom.delete(roomKey(room));
}

export async function loadWaiting(): Promise<void> {
  const all = await api.everywhere();
  byRoom.clear();
  all.forEach(takeWaiting);
}
