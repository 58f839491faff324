// Whose picture is shown where. In a request a stranger has none to show, whatever they sent.
import { mine, ofPerson, ofRoom } from "../api/pictures";
import type { Person, Room } from "../api/types";
import { accounts } from "./accounts.svelte";
import { otherIn } from "./rooms.svelte";

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
