// Who is writing where, and telling others that this person writes: not more often than they can use.
import { SvelteMap } from "svelte/reactivity";
import * as api from "../api/messages";
import type { Place } from "../api/rooms";
import { roomKey, rooms } from "./rooms.svelte";
import { chosen } from "./settings.svelte";

const HOLDS = 7_000;
const SAY_AGAIN_AFTER = 4_000;

interface Writer {
  name: string;
  timer: number;
}

const writers = new SvelteMap<string, SvelteMap<string, Writer>>();
let said: { key: string; at: number } | undefined;

export function writingIn(place: Place): string[] {
  return [...(writers.get(roomKey(place))?.values() ?? [])].map((writer) => writer.name);
}

export function takeTyping(place: Place, user: string, name: string, writing: boolean): void {
  const key = roomKey(place);
  const there = writers.get(key) ?? new SvelteMap<string, Writer>();
  clearTimeout(there.get(user)?.timer);
  if (writing) there.set(user, { name, timer: window.setTimeout(() => there.delete(user), HOLDS) });
  else there.delete(user);
  writers.set(key, there);
}

export function iWrite(place: Place): void {
  const key = roomKey(place);
  // Where nothing is sent, that somebody writes is not sent either.
  if (!chosen.all.typing || rooms.get(place)?.blocked || (said?.key === key && Date.now() - said.at < SAY_AGAIN_AFTER)) return;
  said = { key, at: Date.now() };
  api.typing(place, true).catch(() => {});
}

export function iPause(place: Place): void {
  if (said?.key !== roomKey(place)) return;
  said = undefined;
  api.typing(place, false).catch(() => {});
}
