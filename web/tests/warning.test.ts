import { afterEach, expect, it, vi } from "vitest";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import type { Warning } from "../src/api/types";
import { inWords } from "../src/text/warning";

// Times follow the languages that the browser names.
vi.stubGlobal("navigator", { languages: [] });

const speak = (locale: "en" | "de" | "ar") => overwriteGetLocale(() => locale);
afterEach(() => speak("en"));

it.each(["file-not-sent", "export-failed", "core-failed"])("%s: what the process adds in English stands in English only", (what) => {
  const warning = { what, text: "plum.jpg: no such file or directory" } as Warning;
  expect(inWords(warning)).toContain("plum.jpg: no such file");
  for (const locale of ["de", "ar"] as const) {
    speak(locale);
    expect(inWords(warning)).not.toMatch(/plum|no such file|[(]/);
    expect(inWords(warning).length).toBeGreaterThan(10);
  }
});

it("says from when on there may be more new people", () => {
  const until = Date.UTC(2030, 4, 17, 12);
  const warning = { what: "change-refused", why: "too-many-new-people", user: "mimi://a.test/u/kim", until, text: "x" } as Warning;
  for (const locale of ["en", "de", "ar"] as const) {
    speak(locale);
    expect(inWords(warning)).toMatch(/17|١٧/);
  }
});
