// Every conversation of every account: one inbox.
import { SvelteMap } from "svelte/reactivity";
import * as api from "../api/rooms";
import type { Place } from "../api/rooms";
import type { NewMarks, Person, Room } from "../api/types";
import type { Named } from "../text/names";
import { failed } from "./notices.svelte";

export type Folder = "all" | "unread" | "requests" | "blocked" | "archived";

class Rooms {
  byKey = new SvelteMap<string, Room>();
  loaded = $state(false);
  /** The one that is shown. */
  folder = $state<Folder>("all");

  sorted = $derived.by(() => [...this.byKey.values()].sort(before));
  requests = $derived(this.sorted.filter((room) => room.away === "requests"));
  /** Those of whom somebody is blocked, and of strangers where only contacts are received. */
  blocked = $derived(this.sorted.filter((room) => room.away === "blocked" || room.away === "strict"));
  archived = $derived(this.sorted.filter((room) => room.archived && !room.away));
  inbox = $derived(gathered(this.sorted.filter((room) => !room.archived && !room.away)));
  unread = $derived(this.inbox.filter((room) => room.unread > 0));

  get(place: Place): Room | undefined {
    return this.byKey.get(roomKey(place));
  }

  in(folder: Folder): Room[] {
    return { all: this.inbox, unread: this.unread, requests: this.requests, blocked: this.blocked, archived: this.archived }[folder];
  }
}

export const rooms = new Rooms();

export async function loadRooms(): Promise<void> {
  const all = await api.allRooms();
  const keys = new Set(all.map(roomKey));
  for (const key of rooms.byKey.keys()) if (!keys.has(key)) rooms.byKey.delete(key);
  all.forEach(takeRoom);
  rooms.loaded = true;
}

export function takeRoom(room: Room): void {
  rooms.byKey.set(roomKey(room), room);
}

/** Gives whether it was done; if not, the person was told. */
export async function markRoom(place: Place, marks: NewMarks): Promise<boolean> {
  try {
    takeRoom(await api.mark(place, marks));
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

const MADE_WITHIN = 30_000;
const LOOKED_EVERY = 100;

/** Waits until a room that was just made is open; `false` if it is not in time. */
export async function isOpenSoon(place: Place): Promise<boolean> {
  const end = Date.now() + MADE_WITHIN;
  while (rooms.get(place)?.state !== "open") {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOKED_EVERY));
  }
  return true;
}

export function isMuted(room: Room, now = Date.now()): boolean {
  return (room.muted_until ?? 0) > now;
}

/** The other person of a conversation of two; one that was given a name is a group, however few are in it. */
export function otherIn(room: Room): Person | undefined {
  return room.count <= 2 && !room.name ? room.people.find((person) => person.standing !== "oneself") : undefined;
}

/** Whose key is another than the one that was compared: until the person decides, nothing can be sent. They may be beyond the
 * first few people that the list of rooms names. While keys are only not proven yet, there is nobody: what is sent waits. */
export function blockers(room: Room): Named[] {
  return room.blocked_by.map((user) => room.people.find((person) => person.user === user) ?? { user, name: "" });
}

/** The community that a group stands in, if this person is in it. */
export function communityOf(room: Room): Room | undefined {
  if (!room.part_of || room.community) return undefined;
  const community = rooms.get({ account: room.account, room: room.part_of });
  return community?.state === "open" && community.community ? community : undefined;
}

/** Whether it stands beneath its community in a list of rooms with these keys. What is pinned itself stands by itself. */
export function standsBeneath(room: Room, keys: Set<string>): boolean {
  const community = communityOf(room);
  return community !== undefined && keys.has(roomKey(community)) && (!room.pinned || community.pinned);
}

export function roomKey(place: Place): string {
  return `${place.account} ${place.room}`;
}

/** Groups stand beneath their community, and it stands where the first of them would. */
function gathered(list: Room[]): Room[] {
  const keys = new Set(list.map(roomKey));
  const groups = new Map<string, Room[]>();
  const head = (room: Room) => (standsBeneath(room, keys) ? communityOf(room)! : room);
  for (const room of list) {
    const of = roomKey(head(room));
    groups.set(of, [...(groups.get(of) ?? []), ...(head(room) === room ? [] : [room])]);
  }
  const seen = new Set<string>();
  return list.map(head).flatMap((room) => {
    const key = roomKey(room);
    if (seen.has(key)) return [];
    seen.add(key);
    return [room, ...groups.get(key)!];
  });
}

function before(a: Room, b: Room): number {
  return Number(b.pinned) - Number(a.pinned) || (b.last?.at ?? Infinity) - (a.last?.at ?? Infinity) || a.title.localeCompare(b.title);
}
