// What the safety team's page knows of the service by heart is what the service does.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Category, Entry, Item, Rule } from "../desk/src/api/types";
import { inWords } from "../desk/src/text/problem";
import { template } from "../desk/src/text/templates";
import { age, clock, DAY } from "../desk/src/text/time";
import { ACTS, CATEGORIES, INCIDENTS, KINDS, TIP_STATES } from "../desk/src/text/words";
import { check } from "../desk/src/trail";
import { ALONE, end, isGrave, needsTwo, possible, RULE_OF, sorted } from "../desk/src/verdict";

const source = (path: string) => readFileSync(new URL(`../../crates/server/src/${path}`, import.meta.url), "utf8");
const kebab = (name: string) => name.replace(/(?!^)[A-Z]/g, (sign) => `-${sign}`).toLowerCase();
/** The variants of an enumeration, by their names in JSON. */
const variants = (path: string, name: string) =>
  [...source(path).split(`pub enum ${name} {`)[1]!.split("\n}")[0]!.matchAll(/^ {4}([A-Z]\w*)(?:,| \{| = )/gm)].map(([, one]) => kebab(one!));
const wire = readFileSync(new URL("../../crates/proto/src/mimi/report.rs", import.meta.url), "utf8");
const reasons = [...wire.split("pub enum AbuseType {")[1]!.split("\n}")[0]!.matchAll(/^ {4}([A-Z]\w*) = /gm)].map(([, one]) => kebab(one!));
const rules = [...source("safety/policy.rs").split("pub const RULES")[1]!.matchAll(/name: (?:"([a-z-]+)"|NOTHING)/g)].map(([, name]) => name ?? "none");

describe("what the console refuses", () => {
  const codes = [...(source("console/error.rs") + source("console/guard.rs") + source("console/exhibits.rs")).matchAll(/StatusCode::[A-Z_]+,\s+"([a-z-]+)"/g)].map(([, code]) => code!);

  it("has a sentence of this page's own, each", () => {
    expect(codes.length).toBeGreaterThan(25);
    for (const code of codes) {
      const said = inWords({ code, message: "as the service says it" });
      expect(said, code).toMatch(/^[A-Z].*\.$/);
      expect(said, code).not.toContain("as the service says it");
    }
  });

  it("says when one may go on", () => {
    const soon = Date.now() + 60_000;
    expect(inWords({ code: "rest", until: soon })).toContain(`go on after ${clock(soon)}`);
    expect(inWords({ code: "rest", until: soon + 3 * DAY })).toMatch(/after \d+ \w+ \d{4}/);
    expect(inWords({ code: "new", message: "do this" })).toBe("Do this.");
    expect(inWords({ code: "bad-list", message: "line 7 is no hash: whatever" })).toMatch(/^Line 7 of the file is no hash: .* choose the file again\.$/);
  });
});

describe("words", () => {
  it("has every reason, every act of the trail, and what is said of lists and of reports to NCMEC", () => {
    expect(Object.keys(KINDS).sort()).toEqual(variants("safety/known/list.rs", "Kind").sort());
    expect(Object.keys(INCIDENTS).sort()).toEqual(variants("safety/tipline/package.rs", "Incident").sort());
    expect(Object.keys(TIP_STATES).sort()).toEqual(variants("safety/tipline/state.rs", "State").sort());
    expect(Object.keys(CATEGORIES).sort()).toEqual(reasons.sort());
    for (const act of variants("trail/entry.rs", "Act")) expect(ACTS, act).toHaveProperty([act]);
  });

  it("begins an explanation for every rule, which says what follows", () => {
    expect(rules.length).toBeGreaterThan(8);
    for (const rule of rules.filter((name) => name !== "none")) expect(template(rule, "suspend"), rule).toMatch(/^\S.* Nothing is taken from this account until/);
    for (const rule of Object.values(RULE_OF)) expect(rules).toContain(rule);
    expect(template("none", "none")).toContain("nothing against our rules");
  });

  it("tells how long something waits", () => {
    expect([0, 59_000, 61_000, 90 * 60_000, 47 * 3_600_000, 3 * DAY].map((waits) => age(0, waits))).toEqual(["less than a minute", "less than a minute", "1 minute", "1 hour", "47 hours", "3 days"]);
  });
});

describe("a verdict", () => {
  const rule = (weight: Rule["weight"]) => ({ name: "x", title: "", text: "", usual: "", weight });
  const one = rule("one-person");
  const item = (ours: boolean, room: string | null) => ({ ours, room }) as Item;
  const of = (category: Item["category"], escalated = false, matches: Item["matches"] = []) => ({ category, escalated, matches });

  it("needs two people for what never ends, lasts long, or is about a child", () => {
    const now = 1_000_000;
    const all: [Parameters<typeof needsTwo>, boolean][] = [
      [["ban", one, of("spam"), null, now], true],
      [["suspend", one, of("spam"), now + ALONE * DAY, now], false],
      [["suspend", one, of("spam"), end(ALONE, now), now - 30_000], false],
      [["suspend", one, of("spam"), now + ALONE * DAY + 1, now], true],
      [["warn", rule("two-people"), of("other"), null, now], true],
      [["warn", one, of("child-exploitation"), null, now], true],
      [["none", one, of("child-exploitation"), null, now], true],
      [["warn", one, of("spam", true), null, now], true],
      [["none", rule("two-people"), of("violence"), null, now], false],
    ];
    for (const [asked, two] of all) expect(needsTwo(...asked), JSON.stringify(asked)).toBe(two);
  });

  it("veils what is grave, whatever whoever reported called it", () => {
    expect([of("spam"), of("violence"), of("spam", true), of("spam", false, [{ list: "given", of: "terrorism", exact: true, distance: 0 }])].map(isGrave)).toEqual([false, true, true, true]);
  });

  it("offers what is possible towards people here and elsewhere", () => {
    expect(possible(item(true, "mimi://a.test/r/1"), "a.test")).toEqual(["none", "warn", "limit", "suspend", "ban", "ask-removal"]);
    expect(possible(item(true, "mimi://b.test/r/1"), "a.test")).toEqual(["none", "warn", "limit", "suspend", "ban"]);
    expect(possible(item(false, "mimi://a.test/r/1"), "a.test")).toEqual(["none", "ban", "ask-removal"]);
    expect(possible(item(false, null), "a.test")).toEqual(["none", "ban"]);
  });

  it("has the rule of its reason first", () => {
    const all = ["none", "spam", "harassment"].map((name) => ({ ...one, name }));
    expect(sorted(all, "harassment").map(({ name }) => name)).toEqual(["harassment", "none", "spam"]);
    for (const category of Object.keys(CATEGORIES) as Category[]) expect(sorted(all, category)).toHaveLength(3);
  });
});

describe("the trail", () => {
  // As the service writes it: serde_json, fields in order, what is absent left out.
  const written = [
    `{"number":1,"at":1700000000000,"who":"operator","act":"invited","detail":"ines, lead","before":""}`,
    `{"number":2,"at":1700000000001,"who":"ines","act":"claimed","case":"00ff","before":"#"}`,
    `{"number":3,"at":1700000000002,"who":"ines","act":"looked-up","detail":"\\u001f\\"ü\\\\ \\n","before":"#"}`,
  ];
  function trail(): Entry[] {
    let before = "";
    return written.map((line) => {
      const text = line.replace("#", before);
      before = createHash("sha256").update(text).digest("hex");
      return JSON.parse(text) as Entry;
    });
  }

  it("is whole as the service wrote it, also where its beginning is gone", async () => {
    expect(await check(trail())).not.toHaveProperty("broken");
    expect(await check(trail().slice(1))).not.toHaveProperty("broken");
    expect(await check([])).toEqual({ last: "" });
  });

  it("is broken where something was changed, left out or put before the first", async () => {
    const changed = trail();
    changed[1]!.who = "otto";
    expect((await check(changed)).broken).toBe(3);
    const [first, , third] = trail();
    expect((await check([first!, third!])).broken).toBe(3);
    const begun = trail();
    begun[0]!.before = "00";
    expect((await check(begun)).broken).toBe(1);
  });
});
