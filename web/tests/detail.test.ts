import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import { whyNotSent } from "../src/text/detail";

it("tells what a safety team decided in every language, and nothing in English to who does not read it", () => {
  for (const locale of ["en", "de", "ar"] as const) {
    overwriteGetLocale(() => locale);
    const english = (text: string) => (locale === "en" ? text : "");
    for (const code of ["Suspended", "Limited"]) expect(whyNotSent(`the service refused it: ${code}`).length).toBeGreaterThan(60);
    expect(whyNotSent("the service refused it: QuotaExceeded")).toBe(english("the service refused it: QuotaExceeded"));
    expect(whyNotSent("no longer in the room")).toBe(english("no longer in the room"));
    expect(whyNotSent(null)).toBe("");
  }
});

it("knows the words of the program", () => {
  const source = readFileSync(new URL("../../crates/client/src/outbox.rs", import.meta.url), "utf8");
  expect(source).toContain('"the service refused it: {code:?}"');
});
