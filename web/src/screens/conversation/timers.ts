// How long what is said in a conversation stays: in words, and what can be chosen.
import { m } from "../../paraglide/messages.js";
import { setTimer } from "../../api/rooms";
import type { Room } from "../../api/types";
import type { Choice } from "../../parts/Menu.svelte";
import { failed } from "../../state/notices.svelte";
import { span } from "../../text/format";

const HOUR = 3_600;
const DAY = 24 * HOUR;
const SPANS = [HOUR, DAY, 7 * DAY, 28 * DAY];

/** Nothing where messages stay. */
export function timerInWords(room: Room): string | undefined {
  if (room.vanishing) return m.timer_vanishing();
  return room.timer > 0 ? m.expires_after({ span: span(room.timer) }) : undefined;
}

export function timerChoices(room: Room): Choice[] {
  const set = (seconds: number, vanishing: boolean) => () => void setTimer(room, seconds, vanishing).catch(failed);
  const lasts = (seconds: number): Choice => ({
    label: seconds === 0 ? m.timer_never() : m.timer_after({ span: span(seconds) }),
    checked: room.timer === seconds && !room.vanishing,
    run: set(seconds, false),
  });
  return [...[0, ...SPANS].map(lasts), { label: m.timer_vanish(), icon: "flame", checked: room.vanishing, run: set(DAY, true) }];
}
