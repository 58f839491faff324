// Pictures of people and rooms: where the page finds one, and changing it. The process draws each anew, whoever sent it.
import { address, at, postBytes, remove } from "./client";
import type { Place } from "./rooms";
import type { Account, Person, Room } from "./types";

/** Largest file that the process makes a picture of, in bytes. */
export const LARGEST = 8 * 1024 * 1024;

export const setMine = (account: string, file: Blob) => postBytes<Account>(at`accounts/${account}/picture`, file);
/** The account without it comes as an event. */
export const forgetMine = (account: string) => remove(at`accounts/${account}/picture`);
export const setRooms = (p: Place, file: Blob) => postBytes<void>(at`accounts/${p.account}/rooms/${p.room}/picture`, file);
export const forgetRooms = (p: Place) => remove(at`accounts/${p.account}/rooms/${p.room}/picture`);

/** Where one's own picture is, or nothing if there is none. */
export function mine(account: Account): string | undefined {
  return versioned(at`accounts/${account.id}/picture`, account.picture);
}

/** Where a room's picture is. */
export function ofRoom(room: Room): string | undefined {
  return versioned(at`accounts/${room.account}/rooms/${room.room}/picture`, room.picture);
}

/** Where the picture is that somebody has in a room. */
export function ofPerson(p: Place, person: Pick<Person, "user" | "picture">): string | undefined {
  return versioned(at`accounts/${p.account}/rooms/${p.room}/people/${person.user}/picture`, person.picture);
}

/** Another picture has another address, so a browser that keeps one for a while never shows the one before. */
function versioned(path: string, version: string | null | undefined): string | undefined {
  return version ? address(`${path}?${at`v=${version}`}`) : undefined;
}
