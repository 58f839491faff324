// What people should know about keys and services, and what was not done, in their language. The process says which it is;
// its own English words, with commands in them, are for what this page does not know yet.
import { m } from "../paraglide/messages.js";
import type { Warning } from "../api/types";
import { accounts } from "../state/accounts.svelte";
import { rooms } from "../state/rooms.svelte";
import { capitalised } from "./capital";
import { inEnglish } from "./detail";
import { moment } from "./format";
import { apart, called } from "./names";

type Named = { name: string };
type Refused = (inputs: { name: string; when: string }) => string;
type Sentence = (inputs: { name: string; service: string }) => string;

/** Why somebody's keys are not believed. */
const KEYS: Record<string, (inputs: Named) => string> = {
  unreachable: m.keys_unreachable,
  "not-published": m.keys_not_published,
  "not-in-directory": m.keys_not_in_directory,
  "other-account": m.keys_other_account,
  "unknown-service": m.keys_unaudited,
  unaudited: m.keys_unaudited,
  stale: m.keys_unaudited,
  "rolled-back": m.keys_untrue,
  untrue: m.keys_untrue,
  split: m.keys_split,
};

/** Why a change was not made. */
const REFUSED: Record<string, Refused> = {
  "not-allowed": m.refused_not_allowed,
  "not-invited": m.refused_not_invited,
  invalid: m.refused_invalid,
  conflicts: m.refused_conflicts,
  unavailable: m.refused_unavailable,
  "out-of-reach": m.refused_out_of_reach,
  "too-many-new-people": m.refused_too_many_new_people,
  "key-changed": m.standing_changed_title,
  downgrade: m.refused_downgrade,
  untrusted: m.refused_untrusted,
  unproven: m.refused_unproven,
  service: m.refused_service,
};

/** Everything else, by what it is. */
const WHAT: Record<string, Sentence> = {
  "key-changed": m.standing_changed_title,
  "other-key-in-room": m.warn_other_key_in_room,
  "entry-rewritten": m.warn_entry_rewritten,
  "own-device-unknown": m.warn_own_device_unknown,
  "own-device-unpublished": m.warn_own_device_unpublished,
  "own-account-replaced": m.warn_own_account_replaced,
  "directory-unaudited": m.warn_directory_unaudited,
  "directory-key-changed": m.warn_directory_key_changed,
  "directory-key-disputed": m.warn_directory_key_disputed,
  "auditor-new": m.warn_auditor_new,
  "directory-split": m.warn_directory_split,
  "epoch-withheld": m.warn_epoch_withheld,
  "mailbox-lapsed": m.warn_mailbox_lapsed,
  "pin-incomplete": m.warn_pin_incomplete,
  refused: m.warn_refused,
};

/** What is said for certain. The process adds which file, which folder, what failed in the machine: in English, and so only there. */
const WITH_DETAIL: Record<string, () => string> = {
  "file-not-sent": m.warn_file_not_sent,
  "export-failed": m.warn_export_failed,
  "core-failed": m.warn_core_failed,
};

/** The sentence for a warning. */
export function inWords(warning: Warning): string {
  const { what } = warning;
  const mine = [...accounts.byId.values()].some((account) => account.user === warning.user);
  const inputs = { name: warning.user ? apart(nameOf(warning.user)) : "", service: apart(warning.service ?? "") };
  if (what === "keys-unproven") return (mine ? m.keys_own : (KEYS[warning.why ?? ""] ?? m.keys_untrue))(inputs);
  if (what === "entry-rewritten" && mine) return m.warn_own_entry_rewritten();
  const when = moment(warning.until ?? Date.now());
  if (what === "change-refused") return (REFUSED[warning.why ?? ""] ?? m.refused_service)({ ...inputs, when });
  const detail = WITH_DETAIL[what];
  if (detail) {
    const more = inEnglish(warning.text);
    return more ? `${detail()} (${apart(more)})` : detail();
  }
  return WHAT[what]?.(inputs) ?? capitalised(warning.text);
}

/** The name that somebody gave in any conversation that this page knows. */
function nameOf(user: string): string {
  for (const room of rooms.sorted) {
    const person = room.people.find((one) => one.user === user && one.name !== "");
    if (person) return called(person);
  }
  return called({ user, name: "" });
}
