// What an explanation begins with, for each rule: the person whom it is about reads it, so it says what and why, and accuses of
// nothing else. Whoever decides makes it fit the case.
import type { Action } from "../api/types";

const BROKEN: Record<string, string> = {
  spam: "You sent the same or nearly the same message to people who had not asked for it. Our rule against unsolicited messages in bulk does not allow that.",
  fraud: "You tried to get money, goods or secrets from somebody by pretending. Our rule against deceit for gain does not allow that.",
  harassment: "You went on at somebody who wanted to be left alone, or threatened them. Our rule against bullying, stalking and threats does not allow that.",
  hate: "You called for violence against people, or denied that they are people, because of what they are. Our rule against hate does not allow that.",
  "sexual-content": "You sent sexual content to somebody who had not asked for it. Our rule against unwanted sexual content does not allow that.",
  "child-safety": "What you sent exploits a child. Our rule on the safety of children does not allow that, and we report it where the law says so.",
  violence: "You threatened violence, or praised those who kill people for a cause. Our rule against violence and terrorism does not allow that.",
  "self-harm": "You urged somebody to harm themselves. Our rule against that does not allow it.",
  impersonation: "Your account makes people believe that it is somebody else. Our rule against impersonation does not allow that.",
  evasion: "This account does what another one of yours was suspended or banned for. Our rules do not allow to go round a decision.",
};

const WHAT_FOLLOWS: Partial<Record<Action, string>> = {
  warn: "This is a warning: nothing else happens this time.",
  limit: "You cannot begin new conversations until the time that is named here.",
  suspend: "Nothing is taken from this account until the time that is named here.",
  ban: "Nothing is taken from this account any more.",
  "ask-removal": "The room’s members were asked to remove you from it.",
};

const NOTHING = "We looked at what was reported and found nothing against our rules.";

export function template(rule: string, action: Action): string {
  if (action === "none") return NOTHING;
  return [BROKEN[rule], WHAT_FOLLOWS[action]].filter(Boolean).join(" ");
}

export const ANSWERS = {
  upheld: "Somebody who had not taken part looked at this again, with what you wrote. The decision stands: ",
  granted: "Somebody who had not taken part looked at this again, with what you wrote. You are right, and the decision is taken back.",
};
