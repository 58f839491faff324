import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import { m } from "../src/paraglide/messages.js";
import * as format from "../src/text/format";
import { hue, initials } from "../src/text/names";

const noon = new Date(2026, 2, 30, 12).getTime();
const HOUR = 3_600_000;

beforeEach(() => vi.stubGlobal("navigator", { languages: ["en-GB", "ar"] }));
afterEach(() => overwriteGetLocale(() => "en"));

describe("times", () => {
  it("are near days by name, across the change to summer time", () => {
    expect(format.day(noon - 13 * HOUR, noon)).toBe("Yesterday");
    expect(format.day(noon - 11 * HOUR, noon)).toBe("Today");
    expect(format.sameDay(noon, noon - 13 * HOUR)).toBe(false);
    expect(format.day(noon - 40 * 24 * HOUR, noon)).not.toContain("2026");
    expect(format.day(noon - 400 * 24 * HOUR, noon)).toContain("2025");
  });

  it("name lengths by their largest unit", () => {
    expect(format.span(300)).toBe("5 minutes");
    expect(format.span(604_800)).toBe("1 week");
    expect(format.clock(65.4)).toBe("1:05");
    expect(format.clock(Number.POSITIVE_INFINITY)).toBe("0:00");
  });
});

describe("sizes", () => {
  it("are decimal, and whole where parts say nothing", () => {
    expect(format.size(0)).toBe("0 bytes");
    expect(format.size(999)).toBe("999 bytes");
    expect(format.size(1_834_567)).toBe("1.8 MB");
    expect(format.size(184_000_000)).toBe("184 MB");
  });
});

describe("plurals", () => {
  it("follow the language", () => {
    expect(m.unread_count({ n: 1 })).toBe("1 unread message");
    expect(m.poll_voters({ n: 0 })).toBe("Nobody has voted");
    overwriteGetLocale(() => "ar");
    const forms = [0, 1, 2, 3, 11, 100].map((n) => m.people_count({ n }).replace(/[\d٠-٩]+/u, "").trim());
    expect(new Set(forms).size).toBe(6);
  });
});

describe("faces", () => {
  it("have letters of the first and last word", () => {
    expect(initials("Ada Lindqvist")).toBe("AL");
    expect(initials("  ليلى   حداد ")).toBe("لح");
    expect(initials("🎉")).toBe("·");
    expect(initials("Zoë")).toBe("Z");
  });

  it("have a hue that stays", () => {
    expect(hue("mimi://a.example/u/1")).toBe(hue("mimi://a.example/u/1"));
    expect(hue("mimi://a.example/u/1")).not.toBe(hue("mimi://a.example/u/2"));
  });
});
