// Dates, sizes and numbers as the chosen language writes them.
import { m } from "../paraglide/messages.js";
import { getLocale } from "../paraglide/runtime.js";
import { tag } from "./language";

const DAY = 86_400_000;
const made = new Map<string, Intl.DateTimeFormat>();

/** 14:05 */
export function time(at: number): string {
  return formatter({ hour: "2-digit", minute: "2-digit" }).format(at);
}

/** Today, yesterday, or the day with as much of the date as is needed to know it. */
export function day(at: number, now = Date.now()): string {
  const apart = daysBetween(at, now);
  if (apart === 0) return m.today();
  if (apart === 1) return m.yesterday();
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return formatter({ weekday: "long", day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) }).format(at);
}

/** For the inbox: the time today, the weekday this week, else the date. */
export function shortly(at: number, now = Date.now()): string {
  const apart = daysBetween(at, now);
  if (apart <= 0) return time(at);
  if (apart === 1) return m.yesterday();
  if (apart < 7) return formatter({ weekday: "short" }).format(at);
  return formatter({ day: "2-digit", month: "2-digit", year: "2-digit" }).format(at);
}

/** November 2026, of a month as 2026-11. */
export function inMonth(month: string): string {
  // A month has no time zone: one that lies west of Greenwich must not turn it into the one before.
  return formatter({ month: "long", year: "numeric", timeZone: "UTC" }).format(Date.parse(`${month}-01`));
}

/** Date and time, for histories and hover. */
export function moment(at: number): string {
  return formatter({ dateStyle: "medium", timeStyle: "short" }).format(at);
}

export function sameDay(a: number, b: number): boolean {
  return daysBetween(a, b) === 0;
}

/** 1.4 MB; decimal units, as file managers show them. */
export function size(bytes: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** step;
  return new Intl.NumberFormat(tag(getLocale()), {
    style: "unit",
    unit: units[step],
    unitDisplay: step === 0 ? "long" : "short",
    maximumFractionDigits: step < 2 || value >= 100 ? 0 : 1,
  }).format(value);
}

export function number(n: number): string {
  return new Intl.NumberFormat(tag(getLocale())).format(n);
}

/** 0 to 1 as a percentage. */
export function percent(part: number): string {
  return new Intl.NumberFormat(tag(getLocale()), { style: "percent" }).format(part);
}

/** Minutes and seconds of a recording: 1:05. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(Number.isFinite(seconds) ? seconds : 0));
  const two = new Intl.NumberFormat(tag(getLocale()), { minimumIntegerDigits: 2 });
  return `${number(Math.floor(whole / 60))}:${two.format(whole % 60)}`;
}

/** A length of time in its largest unit: 5 minutes, 1 week. */
export function span(seconds: number): string {
  const units = [
    ["week", 604_800],
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
    ["second", 1],
  ] as const;
  const [unit, length] = units.find(([, length]) => seconds >= length) ?? units[4];
  const n = Math.max(1, Math.round(seconds / length));
  return new Intl.NumberFormat(tag(getLocale()), { style: "unit", unit, unitDisplay: "long" }).format(n);
}

/** Ada, Ben and Chiara. */
export function list(names: string[]): string {
  return new Intl.ListFormat(tag(getLocale()), { type: "conjunction" }).format(names);
}

function daysBetween(earlier: number, later: number): number {
  return Math.round((midnight(later) - midnight(earlier)) / DAY);
}

function midnight(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
}

function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = tag(getLocale()) + JSON.stringify(options);
  let found = made.get(key);
  if (!found) made.set(key, (found = new Intl.DateTimeFormat(tag(getLocale()), options)));
  return found;
}
