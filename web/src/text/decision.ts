// What a safety team did, and how far it is, in the person's language.
import { m } from "../paraglide/messages.js";
import type { Decision, MadeReport } from "../api/types";

export const MEASURES: Record<Decision["measure"], () => string> = {
  warned: m.measure_warned,
  limited: m.measure_limited,
  suspended: m.measure_suspended,
  banned: m.measure_banned,
  "removal-asked": m.measure_removal_asked,
};

export const DECISION_STAGES: Record<Decision["stage"], () => string> = {
  made: m.decision_made,
  appealed: m.decision_appealed,
  upheld: m.decision_upheld,
  undone: m.decision_undone,
};

export const REPORT_STAGES: Record<MadeReport["stage"], () => string> = {
  waiting: m.report_waiting,
  "in-review": m.report_in_review,
  "acted-on": m.report_acted_on,
  "no-action": m.report_no_action,
  // Either of the two may have.
  appealed: m.report_appealed,
  gone: m.report_gone,
  unknown: m.report_unknown,
};

/** Rules of Trefoil's own policy; another service may have others, which it names itself. */
const RULES: Record<string, () => string> = {
  none: m.rule_none,
  spam: m.reason_spam,
  fraud: m.reason_fraud,
  harassment: m.reason_harassment,
  hate: m.reason_hate,
  "sexual-content": m.reason_sexual_content,
  "child-safety": m.reason_child_exploitation,
  violence: m.reason_violence,
  "self-harm": m.rule_self_harm,
  impersonation: m.reason_impersonation,
  evasion: m.rule_evasion,
};

export const ruleInWords = (rule: string) => (Object.hasOwn(RULES, rule) ? RULES[rule]!() : rule);
