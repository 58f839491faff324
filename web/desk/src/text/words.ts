// What the console's short names are called on the page.
import type { Action, Case, Category, Classification, Incident, Kind, Queue, Role } from "../api/types";

export const QUEUES: Record<Queue, { title: string; text: string }> = {
  general: { title: "Reports", text: "Reports that everybody reviews, the most urgent first." },
  "child-safety": { title: "Child safety", text: "Reports of the exploitation of children. For those who are trained for it." },
  second: { title: "Second look", text: "Grave decisions that somebody else is to confirm." },
  appeals: { title: "Appeals", text: "Decisions that somebody asks to be looked at again." },
};

export const CATEGORIES: Record<Category, string> = {
  other: "Something else",
  spam: "Spam",
  fraud: "Fraud",
  harassment: "Harassment",
  hate: "Hate",
  "sexual-content": "Unwanted sexual content",
  "child-exploitation": "Exploitation of a child",
  violence: "Violence or terrorism",
  "self-harm": "Self-harm",
  impersonation: "Impersonation",
};

export const ACTIONS: Record<Action, { name: string; text: string }> = {
  none: { name: "No action", text: "The report shows nothing against the rules." },
  warn: { name: "Warn", text: "They read the explanation, and nothing else happens." },
  limit: { name: "Limit", text: "They begin no new conversations for a time." },
  suspend: { name: "Suspend", text: "Nothing is taken from them for a time." },
  ban: { name: "Ban", text: "Nothing is taken from them any more." },
  "ask-removal": { name: "Ask for removal", text: "The room’s members are asked to remove them." },
};

export const ROLES: Record<Role, string> = { reviewer: "Reviewer", "child-safety-reviewer": "Child safety reviewer", lead: "Lead", auditor: "Auditor" };

export const ACTS: Record<string, string> = {
  claimed: "took a case",
  released: "gave a case back",
  opened: "opened what was shown",
  escalated: "handed it to the child safety team",
  matched: "found on a list what was reported",
  decided: "decided",
  proposed: "proposed",
  confirmed: "confirmed",
  "sent-back": "sent back",
  undone: "took a decision back",
  "appeal-upheld": "answered an appeal: the decision stands",
  "appeal-granted": "answered an appeal: taken back",
  "looked-up": "looked at an account",
  "tip-prepared": "prepared a report to NCMEC",
  "tip-released": "released a report to NCMEC",
  "tip-withdrawn": "took a report to NCMEC back",
  "tip-resumed": "let a report to NCMEC go on that was refused",
  "list-taken": "took in a list of known material",
  "list-removed": "took a list of known material away",
  invited: "invited",
  enrolled: "came into the team",
  "signed-in": "signed in",
  "guardian-released": "took the guardian off a minor's account",
  "sign-in-failed": "was named by somebody who did not prove to be them",
  removed: "removed",
};

export const INCIDENTS: Record<Incident, string> = {
  material: "Possession, manufacture or distribution of material",
  trafficking: "Trafficking",
  tourism: "Tourism",
  molestation: "Molestation",
  enticement: "Online enticement",
  "obscene-material": "Obscene material sent to a child",
};

/** The scale of the Technology Coalition, as NCMEC takes it; the letters come last, since files have such names here too. */
export const CLASSIFICATIONS: Record<Classification, string> = {
  A1: "Child before puberty, sexual act (class A1)",
  A2: "Child before puberty, lascivious exhibition (class A2)",
  B1: "Child in or after puberty, sexual act (class B1)",
  B2: "Child in or after puberty, lascivious exhibition (class B2)",
};

export const KINDS: Record<Kind, string> = { "child-abuse": "Sexual abuse of children", terrorism: "Terrorism", intimate: "Intimate pictures against somebody’s will", other: "Something else" };

/** How far a report to NCMEC is. */
export const TIP_STATES: Record<string, string> = {
  gathering: "its files are being gathered",
  prepared: "waits for a second person",
  approved: "is being sent",
  open: "is being sent",
  leaving: "is being taken back",
  finished: "NCMEC has it",
  withdrawn: "was taken back",
};

/** Where a case is, in a few words. */
export function stage(of: Case): string {
  if (of.queue === "second") return "waits for a second look";
  if (of.queue === "appeals") return "an appeal waits";
  if (of.queue) return "waits to be decided";
  const last = of.decisions.at(-1);
  if (!last) return "";
  return ACTIONS[last.verdict.action].name.toLowerCase() + (last.undone ? ", taken back" : "");
}
