// What is done when a message arrives: it is said to screen readers, and, if the person chose so, shown by the system.
import { m } from "../paraglide/messages.js";
import type { Place } from "../api/rooms";
import type { Item } from "../api/types";
import { isSilenced, namedIn } from "./accounts.svelte";
import { senderOf } from "../text/names";
import { noteInWords } from "../text/note";
import { excerpt } from "../text/plain";
import { speakPolitely } from "./notices.svelte";
import { notify, takeBackNotification } from "./notifications";
import { isMuted, rooms } from "./rooms.svelte";
import { samePlace, view } from "./view.svelte";

const told = new Set<string>();
const REMEMBERED = 500;

export function arrived(place: Place, item: Item): void {
  const here = samePlace(view.where.place, place);
  if (item.kind === "note") {
    const room = rooms.get(place);
    if (here) speakPolitely(noteInWords(item, room && namedIn(room)));
    return;
  }
  if (item.unsent || !item.unread) takeBackNotification(place, item.message);
  if (item.mine || !item.unread || item.unsent || !firstTime(item.message)) return;
  const room = rooms.get(place);
  if (here && !document.hidden) speakPolitely(m.spoken_message({ name: senderOf(item), text: excerpt(item) }));
  else if (room && !room.away && !item.quiet && !isSilenced(room, item.sender) && !room.archived && (!isMuted(room) || item.mentions_me)) notify(room, item);
}

/** An edit or a receipt brings the same message again: that is no arrival. */
function firstTime(message: string): boolean {
  if (told.has(message)) return false;
  told.add(message);
  if (told.size > REMEMBERED) told.delete(told.values().next().value!);
  return true;
}
