// What is done when a message arrives: it is said to screen readers, and, if the person chose so, shown by the system.
import { m } from "../paraglide/messages.js";
import type { Place } from "../api/rooms";
import type { Item } from "../api/types";
import { namedIn } from "./accounts.svelte";
import { senderOf } from "../text/names";
import { noteInWords } from "../text/note";
import { excerpt } from "../text/plain";
import { speakPolitely } from "./notices.svelte";
import { isMuted, rooms, roomKey } from "./rooms.svelte";
import { chosen } from "./settings.svelte";
import { openRoom, samePlace, view } from "./view.svelte";

const told = new Set<string>();
const REMEMBERED = 500;

export function arrived(place: Place, item: Item): void {
  const here = samePlace(view.where.place, place);
  if (item.kind === "note") {
    const room = rooms.get(place);
    if (here) speakPolitely(noteInWords(item, room && namedIn(room)));
    return;
  }
  if (item.mine || !item.unread || item.unsent || !firstTime(item.message)) return;
  const room = rooms.get(place);
  if (here && !document.hidden) speakPolitely(m.spoken_message({ name: senderOf(item), text: excerpt(item) }));
  else if (room && !room.request && !room.archived && (!isMuted(room) || item.mentions_me)) notify(place, senderOf(item), room.title, excerpt(item));
}

export async function askToNotify(): Promise<boolean> {
  if (!("Notification" in window)) return false;
  return (await Notification.requestPermission()) === "granted";
}

function notify(place: Place, sender: string, title: string, text: string): void {
  const level = chosen.all.notifications;
  if (level === "none" || !("Notification" in window) || Notification.permission !== "granted") return;
  // The tag lets two windows of this page show one notification, not two.
  const shown = new Notification(level === "text" ? title : "Trefoil", {
    body: level === "text" ? (sender === title ? text : `${sender}: ${text}`) : m.notify_name_only({ name: sender }),
    tag: roomKey(place),
  });
  shown.onclick = () => {
    window.focus();
    openRoom(place);
    shown.close();
  };
}

/** An edit or a receipt brings the same message again: that is no arrival. */
function firstTime(message: string): boolean {
  if (told.has(message)) return false;
  told.add(message);
  if (told.size > REMEMBERED) told.delete(told.values().next().value!);
  return true;
}
