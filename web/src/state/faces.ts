// Whose picture is shown where. In a request a stranger has none to show, whatever they sent.
import { mine, ofPerson, ofRoom } from "../api/pictures";
import type { Person, Room } from "../api/types";
import { accounts } from "./accounts.svelte";
import { otherIn, rooms } from "./rooms.svelte";

/** The other person's, or the group's. */
export function faceOfRoom(room: Room): string | undefined {
  if (room.request) return undefined;
  const other = otherIn(room);
  return other ? ofPerson(room, other) : ofRoom(room);
}

/** Somebody's in a room, by the picture that they gave there. */
export function faceIn(room: Room, person: Person | undefined): string | undefined {
  if (person?.standing === "oneself") {
    const own = accounts.byId.get(room.account);
    return own && mine(own);
  }
  return person && !room.request ? ofPerson(room, person) : undefined;
}

/** Somebody's, wherever this account talks with them: who is only looked up has shown none. */
export function faceKnown(account: string, user: string): string | undefined {
  for (const room of rooms.sorted) {
    const person = room.account === account ? room.people.find((one) => one.user === user && one.picture) : undefined;
    const face = person && faceIn(room, person);
    if (face) return face;
  }
  return undefined;
}
