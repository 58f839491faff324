// What the person is told in passing: short notices, and words for screen readers.
import { sentence } from "../api/client";

export interface Notice {
  id: number;
  text: string;
  tone: "plain" | "alarm";
  act?: { label: string; run: () => void };
  /** Called for when the person closes it: they have seen it. */
  seen: (() => void)[];
}

/** Of those that go by themselves. */
const AT_ONCE = 3;
const SHOWN_FOR = 6_000;
const SPOKEN_FOR = 3_000;
let forgetting: number | undefined;

class Notices {
  all = $state.raw<Notice[]>([]);
  /** Spoken politely; never shown. */
  spoken = $state("");
}

export const notices = new Notices();
let next = 1;

export function tell(text: string, act?: Notice["act"]): void {
  add({ id: next++, text, tone: "plain", seen: [], ...(act ? { act } : {}) });
}

/** Stays until the person closes it. */
export function alarm(text: string, act?: Notice["act"], seen?: () => void): void {
  const shown = notices.all.find((notice) => notice.text === text);
  if (shown) shown.seen.push(...(seen ? [seen] : []));
  else add({ id: next++, text, tone: "alarm", seen: seen ? [seen] : [], ...(act ? { act } : {}) });
}

export function failed(error: unknown): void {
  alarm(sentence(error));
}

export function dismiss(id: number): void {
  notices.all.find((notice) => notice.id === id)?.seen.forEach((seen) => seen());
  notices.all = notices.all.filter((notice) => notice.id !== id);
}

export function speakPolitely(text: string): void {
  // The same words twice are said twice only if the text differs in between.
  notices.spoken = notices.spoken === text ? `${text}\u00a0` : text;
  // Once said, it is gone: what was unsent since must not stay anywhere.
  clearTimeout(forgetting);
  forgetting = window.setTimeout(() => (notices.spoken = ""), SPOKEN_FOR);
}

function add(notice: Notice): void {
  const plain = notices.all.filter((one) => one.tone === "plain").slice(1 - AT_ONCE);
  notices.all = [...notices.all.filter((one) => one.tone === "alarm" || plain.includes(one)), notice];
  if (notice.tone === "plain") setTimeout(() => dismiss(notice.id), SHOWN_FOR);
}
