// Times as the team reads them, in the zone of the browser.
const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;

const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const dateAndClock = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
const onlyClock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

export const day = (at: number) => date.format(at);
export const moment = (at: number) => dateAndClock.format(at);

/** The time of day; with the day where that is not today. */
export const clock = (at: number, now = Date.now()) => (new Date(at).toDateString() === new Date(now).toDateString() ? onlyClock.format(at) : dateAndClock.format(at));

/** How long something waits. */
export function age(since: number, now = Date.now()): string {
  const minutes = Math.max(0, Math.floor((now - since) / MINUTE));
  const of = (n: number, unit: string) => `${n} ${unit}${n === 1 ? "" : "s"}`;
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return of(minutes, "minute");
  if (minutes < 48 * 60) return of(Math.floor(minutes / 60), "hour");
  return of(Math.floor(minutes / (24 * 60)), "day");
}
