// What the console answers: crates/server/src/console/shape.rs and crates/server/src/safety/case.rs. Times are milliseconds since 1970.

export type Role = "reviewer" | "child-safety-reviewer" | "lead" | "auditor";
export type Queue = "general" | "child-safety" | "second" | "appeals";
export type Action = "none" | "warn" | "limit" | "suspend" | "ban" | "ask-removal";
export type Category = "other" | "spam" | "fraud" | "harassment" | "hate" | "sexual-content" | "child-exploitation" | "violence" | "self-harm" | "impersonation";

export interface Session {
  name: string;
  role: Role;
  domain: string;
}

export interface Rule {
  name: string;
  title: string;
  text: string;
  usual: string;
  weight: "one-person" | "two-people";
}

export interface Waiting {
  queue: Queue;
  cases: number;
  oldest: number | null;
}

export interface Verdict {
  action: Action;
  rule: string;
  explanation: string;
  evidence: number[];
  until: number | null;
}

export interface Decision {
  number: number;
  verdict: Verdict;
  by: string;
  at: number;
  second: { by: string; at: number } | null;
  undone: { by: string; at: number; why: string } | null;
}

export interface Appeal {
  of: "subject" | "reporter";
  words: string;
  at: number;
  answer: { upheld: boolean; explanation: string; by: string; at: number } | null;
}

/** A case in a list. */
export interface Case {
  case: string;
  queue: Queue | null;
  opened: number;
  about: string;
  ours: boolean;
  category: Category;
  /** It is with the child safety team, whatever the reporter called it. */
  escalated: boolean;
  claim: { by: string; until: number; opened: boolean } | null;
  proposed: Decision | null;
  decisions: Decision[];
  appeals: Appeal[];
  /** What others know of its attachments. */
  matches: { list: string; of: string; exact: boolean; distance: number }[];
  /** Reports to NCMEC that were prepared of it. */
  tips: string[];
  sent_back: { proposal: Decision; by: string; at: number; why: string }[];
}

export interface Shown {
  at: number;
  /** The message that it replaces. */
  edits: string | null;
  text: string[];
  attachments: { media_type: string; name: string; description: string; size: number }[];
}

/** A case with everything around it. */
export interface Item extends Case {
  room: string | null;
  handed_on_by: string | null;
  reporter: string | null;
  note: string;
  messages: number;
  shown: Shown[] | null;
  mine: boolean;
  others: Case[];
}

export interface Person {
  user: string;
  /** Days since 1970. */
  registered_day: number | null;
  devices: number | null;
  standing: { is: "good" | "banned" } | { is: "limited" | "suspended"; until: number };
  cases: Case[];
}

export interface Entry {
  number: number;
  at: number;
  who: string;
  act: string;
  case?: string;
  detail?: string;
  before: string;
}

export interface Member {
  name: string;
  role: Role;
  since: number;
  removed: number | null;
}

/** `null`: one to four. */
export type Figure = number | null;

export interface CategoryFigures {
  reports: Figure;
  decided: Figure;
  actions: Record<Action, Figure>;
  appeals: Figure;
  reversed: Figure;
  median_minutes: number | null;
}

export interface Figures {
  by_category: Record<Category | "all", CategoryFigures>;
}

/** An attachment that a report shows. */
export interface Exhibit {
  number: number;
  /** Which message has it, counted from 0. */
  message: number;
  /** What its sender says that it is. */
  media_type: string;
  name: string;
  description: string;
  /** Of the bytes, in hexadecimal, as the stamped message names it. */
  sha256: string | null;
  size: number | null;
  /** Its first bytes, in hexadecimal. */
  begins: string | null;
  /** Why it could not be opened. */
  problem: string | null;
}

export type Incident = "material" | "trafficking" | "tourism" | "molestation" | "enticement" | "obscene-material";

/** How a file is on the scale of the industry. */
export type Classification = "A1" | "A2" | "B1" | "B2";

/** What somebody says beside what the case holds. */
export interface NewTip {
  incident: Incident;
  urgent: string | null;
  remarks: string | null;
  /** By the number of the file. */
  classified: Record<number, Classification>;
  /** The files that whoever prepares it looked at, all of them. */
  viewed: number[];
}

/** A report to NCMEC. */
export interface Tip {
  tip: string;
  made: number;
  prepared_by: string;
  released_by: string | null;
  about: string;
  incident: Incident;
  /** `null` once the case is gone. */
  case: string | null;
  files: number;
  state: string;
  /** Its number at NCMEC. */
  report: number | null;
  /** What NCMEC refused for good: it waits until somebody lets it go on. */
  refused: { at: number; code: number; words: string } | null;
}

export type Kind = "child-abuse" | "terrorism" | "intimate" | "other";

/** Hashes of what others found before. */
export interface KnownList {
  name: string;
  giver: string;
  kind: Kind;
  taken: number;
  sha256: number;
  pdq: number;
}
