// What can be done with a conversation as a whole: the same from the inbox and from its head.
import { m } from "../../paraglide/messages.js";
import { leaveRoom } from "../../api/rooms";
import type { Room } from "../../api/types";
import type { Choice } from "../../parts/Menu.svelte";
import { ask } from "../../state/dialogs.svelte";
import { failed, tell } from "../../state/notices.svelte";
import { isMuted, markRoom } from "../../state/rooms.svelte";
import { apart, titleOf } from "../../text/names";

const HOUR = 3_600_000;

export function roomChoices(room: Room): Choice[] {
  const muted = isMuted(room);
  return [
    { label: room.pinned ? m.unpin_room() : m.pin_room(), icon: "pin", run: () => void markRoom(room, { pinned: !room.pinned }) },
    ...(muted
      ? [{ label: m.unmute(), icon: "bell" as const, run: () => void markRoom(room, { muted_until: 0 }) }]
      : [
          { label: m.mute_hours({ n: 8 }), icon: "mute" as const, run: () => void markRoom(room, { muted_until: Date.now() + 8 * HOUR }) },
          { label: m.mute_always(), icon: "mute" as const, run: () => void markRoom(room, { muted_until: Number.MAX_SAFE_INTEGER }) },
        ]),
    { label: room.archived ? m.unarchive() : m.archive(), icon: room.archived ? "unarchive" : "archive", run: () => void archive(room) },
    ...(room.state === "left" ? [] : [{ label: m.leave(), icon: "leave" as const, danger: true, run: () => askToLeave(room) }]),
  ];
}

export function askToLeave(room: Room): void {
  ask({
    title: m.leave_title({ name: apart(titleOf(room)) }),
    text: m.leave_text(),
    yes: m.leave(),
    danger: true,
    run: () => void leaveRoom(room).catch(failed),
  });
}

async function archive(room: Room): Promise<void> {
  const done = await markRoom(room, { archived: !room.archived });
  if (done && !room.archived) tell(m.archived_told(), { label: m.undo(), run: () => void markRoom(room, { archived: false }) });
}
