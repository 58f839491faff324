// The process cannot tell of anything in a conversation of which the page does not know what to say, in every language.
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import { NOTES, noteInWords } from "../src/text/note";

// Spans of time follow the languages that the browser names.
vi.stubGlobal("navigator", { languages: [] });

const source = (path: string) => readFileSync(new URL(`../../crates/trefoil/src/${path}`, import.meta.url), "utf8");
const names = (text: string) => [...text.matchAll(/"([a-z]+(?:-[a-z]+)*)"/g)].map((found) => found[1]!);
/** Of one function, to its closing brace. */
const body = (text: string, of: string) => text.slice(text.indexOf(of), text.indexOf("\n}\n", text.indexOf(of)));
const told = [...new Set([...names(body(source("app/shape/note.rs"), "fn parts(")), ...names(body(source("show/delivery.rs"), "pub const fn name("))])];

describe("what happens in a conversation", () => {
  it("is all in the page's table", () => {
    expect(told.length).toBeGreaterThan(35);
    expect(Object.keys(NOTES).sort()).toEqual(told.toSorted());
  });

  it.each(["en", "de", "ar"] as const)("is said in %s, and not as the process says it", (locale) => {
    overwriteGetLocale(() => locale);
    for (const what of told) {
      const said = noteInWords({ position: "", at: 0, what, user_name: "Ada", by_name: "Ben", detail: "7", text: "as the process says it", tone: "plain", kind: "note" });
      expect(said, what).not.toContain("process");
      if (locale === "ar") expect(said, what).toMatch(/\p{Script=Arabic}/u);
    }
    overwriteGetLocale(() => "en");
  });

  it("says which role somebody has now", () => {
    const role = (detail: string) => noteInWords({ position: "", at: 0, what: "role-changed", user_name: "Ada", by_name: "Ben", detail, text: "", tone: "plain", kind: "note" });
    expect(new Set([role("admin"), role("member"), role("banned")]).size).toBe(3);
  });
});
