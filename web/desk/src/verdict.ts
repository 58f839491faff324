// What can be decided in a case, and what somebody else must confirm. The service decides the same anew
// (crates/server/src/safety/case.rs): this is for the page to say it before.
import type { Action, Category, Item, Rule } from "./api/types";
import { DAY } from "./text/time";

/** Longest limit or suspension that one person decides, in days. */
export const ALONE = 30;
/** A clock that is a little ahead must not make thirty days more than that. */
const SLACK = 60_000;

export const RULE_OF: Partial<Record<Category, string>> = {
  spam: "spam",
  fraud: "fraud",
  harassment: "harassment",
  hate: "hate",
  "sexual-content": "sexual-content",
  "child-exploitation": "child-safety",
  violence: "violence",
  "self-harm": "self-harm",
  impersonation: "impersonation",
};

/** Whoever reported called it so, somebody handed it on, or a list has it. */
export const isOfChild = (item: Pick<Item, "category" | "escalated">) => item.category === "child-exploitation" || item.escalated;

/** What is shown of these is veiled until somebody wants to see it; and whatever a list has, whoever reported may have called it anything. */
export const isGrave = (item: Pick<Item, "category" | "escalated" | "matches">) => isOfChild(item) || item.matches.length > 0 || ["violence", "self-harm", "sexual-content"].includes(item.category);

export const isTimed = (action: Action) => action === "limit" || action === "suspend";

export function possible(item: Item, domain: string): Action[] {
  const actions: Action[] = item.ours ? ["none", "warn", "limit", "suspend", "ban"] : ["none", "ban"];
  if (item.room?.startsWith(`mimi://${domain}/`)) actions.push("ask-removal");
  return actions;
}

export const usualDays = (action: Action) => (action === "limit" ? 7 : 30);

export const end = (days: number, now = Date.now()) => now + days * DAY - SLACK;

export function needsTwo(action: Action, rule: Rule | undefined, item: Pick<Item, "category" | "escalated">, until: number | null, now = Date.now()): boolean {
  if (action === "ban") return true;
  if (isOfChild(item)) return true;
  if (action === "none") return false;
  return rule?.weight === "two-people" || (until !== null && until - now > ALONE * DAY);
}

/** The rules, with the one that the reason of the report is about first. */
export function sorted(rules: Rule[], category: Category): Rule[] {
  const first = RULE_OF[category];
  return [...rules].sort((a, b) => Number(b.name === first) - Number(a.name === first));
}
