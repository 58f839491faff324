// Every rule of the service's policy has its words in the person's language.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import { ruleInWords } from "../src/text/decision";

const policy = readFileSync(new URL("../../crates/server/src/safety/policy.rs", import.meta.url), "utf8").split("pub const RULES")[1]!;
const rules = [...policy.matchAll(/name: (?:"([a-z-]+)"|NOTHING)/g)].map(([, name]) => name ?? "none");

it.each(["en", "de", "ar"] as const)("a rule is told in %s, and one of another policy by its own name", (locale) => {
  overwriteGetLocale(() => locale);
  expect(rules.length).toBeGreaterThan(8);
  const told = rules.map(ruleInWords);
  for (const [index, words] of told.entries()) expect(words).not.toBe(rules[index]);
  expect(new Set(told).size).toBe(rules.length);
  expect(ruleInWords("no-shouting")).toBe("no-shouting");
  expect(ruleInWords("toString")).toBe("toString");
});
