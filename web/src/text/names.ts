// How people and rooms are called.
import { m } from "../paraglide/messages.js";
import type { Person, Profile, Room } from "../api/types";

/** Somebody and what they are called. */
export type Named = Pick<Person, "name" | "user">;

/** A person's name, or the beginning of what their service calls them when there is none. */
export function called(person: Named): string {
  return person.name.trim() || named(person.user);
}

/** What a conversation is called: one that has no name, and nobody else in it to call it after, is called so. */
export function titleOf(room: Pick<Room, "title">): string {
  return room.title || m.room_nameless();
}

/** What the process gives as a name, which is an address while no name is known. */
export function named(nameOrAddress: string): string {
  if (!isAddress(nameOrAddress)) return nameOrAddress;
  const id = nameOrAddress.split("/").pop() ?? "";
  return id.length > 8 ? `${id.slice(0, 6)}…` : id;
}

/** What the process gives where it knows no name. */
export function isAddress(nameOrAddress: string): boolean {
  return nameOrAddress.startsWith("mimi://");
}

/** The service of a person or room, by domain. */
export function serviceOf(uri: string): string {
  return uri.split("/")[2] ?? "";
}

/** Somebody by the name that they have by now, where what they said came before their name did. */
export function calledNow(given: string, user: string, known: Named | undefined): string {
  return called({ name: given && !isAddress(given) ? given : (known?.name ?? ""), user });
}

/** Who said a message. */
export function senderOf(message: { name: string; sender: string }): string {
  return called({ name: message.name, user: message.sender });
}

/** A name inside a sentence: set apart, so that one that is written from right to left does not turn the sentence around. */
export function apart(name: string): string {
  return `\u2068${name}\u2069`;
}

/** A number, a host, a code inside a sentence: always from left to right. */
export function leftToRight(text: string): string {
  return `\u2066${text}\u2069`;
}

/** One or two letters that stand for a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = firstLetter(words[0]);
  const last = words.length > 1 ? firstLetter(words[words.length - 1]) : "";
  return (first + last).toLocaleUpperCase() || "·";
}

/** A hue of the colour circle that always belongs to the same address. */
export function hue(of: string): number {
  let hash = 2_166_136_261;
  for (const char of of) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619);
  return (hash >>> 0) % 360;
}

export function profileName(profile: Profile): string {
  return { account: m.profile_account, handle: m.profile_handle, phone: m.profile_phone }[profile]();
}

function firstLetter(word: string | undefined): string {
  return word?.match(/[\p{L}\p{N}]/u)?.[0] ?? "";
}
