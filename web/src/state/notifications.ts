// What the system shows of a message that came while nobody looked: as much as the person chose, and no longer than the message is
// there and unread.
import { m } from "../paraglide/messages.js";
import type { Message, Room } from "../api/types";
import type { Place } from "../api/rooms";
import { senderOf } from "../text/names";
import { excerpt } from "../text/plain";
import { rooms, roomKey } from "./rooms.svelte";
import { chosen } from "./settings.svelte";
import { openRoom } from "./view.svelte";

/** By conversation, each of which has one at most. */
const shown = new Map<string, { message: string; notification: Notification }>();

export async function askToNotify(): Promise<boolean> {
  if (!("Notification" in window)) return false;
  return (await Notification.requestPermission()) === "granted";
}

export function notify(room: Room, message: Message): void {
  const level = chosen.all.notifications;
  if (level === "none" || !("Notification" in window) || Notification.permission !== "granted") return;
  const key = roomKey(room);
  const name = senderOf(message);
  const said = level === "text" && !isFleeting(room, message) ? excerpt(message) : undefined;
  // The tag lets two windows of this page show one notification, not two.
  const notification = new Notification(said === undefined ? "Trefoil" : room.title, {
    body: said === undefined ? m.notify_name_only({ name }) : name === room.title ? said : `${name}: ${said}`,
    tag: key,
  });
  const one = { message: message.message, notification };
  shown.set(key, one);
  notification.onclose = () => shown.get(key) === one && shown.delete(key);
  notification.onclick = () => {
    window.focus();
    openRoom({ account: room.account, room: room.room });
    notification.close();
  };
}

/** The message is gone, was taken back, or was read. */
export function takeBackNotification(place: Place, message: string): void {
  const key = roomKey(place);
  if (shown.get(key)?.message === message) close(key);
}

/** Of conversations in which nothing is unread any more, or which are not there. */
export function closeRead(): void {
  for (const key of [...shown.keys()]) if (!rooms.byKey.get(key)?.unread) close(key);
}

export function closeAll(): void {
  for (const key of [...shown.keys()]) close(key);
}

/** What is meant to go is not written where the system may keep it. */
function isFleeting(room: Room, message: Message): boolean {
  return Boolean(message.once || message.timer || message.expires || room.vanishing || room.timer > 0);
}

function close(key: string): void {
  const one = shown.get(key);
  shown.delete(key);
  one?.notification.close();
}
