import { afterEach, expect, it } from "vitest";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import type { Warning } from "../src/api/types";
import { inWords } from "../src/text/warning";

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
