// What happened to people and safety, in the person's language; what this page has no words for, in the process's.
import { m } from "../paraglide/messages.js";
import type { Note } from "../api/types";
import { capitalised } from "./capital";
import { span } from "./format";
import { apart, called, isAddress, type Named } from "./names";

interface Inputs {
  name: string;
  by: string;
  /** As it is, and apart from the words around it. */
  raw: string;
  detail: string;
}

export const NOTES: Record<string, (inputs: Inputs) => string> = {
  opened: m.note_opened,
  joined: m.note_joined,
  added: m.note_added,
  invited: m.note_invited,
  "invitation-made": ({ by, raw }) => m.note_invitation_made({ by, n: Number(raw || 1) }),
  "invitation-taken-back": m.note_invitation_taken_back,
  left: m.note_left,
  removed: m.note_removed,
  "role-changed": ({ name, by, raw }) => (raw === "admin" ? m.note_admin : raw === "banned" ? m.note_kept_out : m.note_no_admin)({ name, by }),
  "timer-set": ({ by, raw }) => (Number(raw) > 0 ? m.note_timer({ by, span: span(Number(raw)) }) : m.note_timer_off({ by })),
  "vanish-set": m.note_vanish,
  renamed: ({ by, detail }) => m.note_renamed({ by, title: detail }),
  "only-admins-write": m.note_only_admins_write,
  "everybody-writes": m.note_everybody_writes,
  "picture-set": m.note_picture_set,
  "picture-taken-away": m.note_picture_taken_away,
  "group-added": ({ by, detail }) => m.note_group_added({ by, name: detail }),
  "group-removed": ({ by, detail }) => m.note_group_removed({ by, name: detail }),
  "device-added": ({ name, detail }) => m.note_device_added({ name, device: detail }),
  "device-removed": ({ name, detail }) => m.note_device_removed({ name, device: detail }),
  rejoined: ({ name, detail }) => m.note_rejoined({ name, device: detail }),
  "came-meanwhile": m.note_came_meanwhile,
  "gone-meanwhile": m.note_gone_meanwhile,
  "key-refused": m.note_key_refused,
  "ghost-device": ({ name, detail }) => m.note_ghost_device({ name, device: detail }),
  "removal-asked": ({ name, detail }) => m.note_removal_asked({ name, reason: detail }),
  "key-changed": m.note_key_changed,
  "verified-key-changed": m.note_verified_key_changed,
  verified: m.note_verified,
  "key-accepted": m.note_key_accepted,
  gap: m.note_gap,
  lapsed: m.note_lapsed,
  "messages-missing": m.note_missing,
  "message-late": m.note_late,
  "message-repeated": m.note_repeated,
  "message-conflict": m.note_conflict,
  "messages-unseen": m.note_unseen,
  "messages-split": m.note_split,
  "message-restored": m.note_restored,
  "messages-unavailable": m.note_unavailable,
  delivery: m.note_unknown,
  unknown: m.note_unknown,
};

/** `people` are those whose names may have become known since. */
export function noteInWords(note: Note, people: Named[] = []): string {
  const raw = note.detail ?? "";
  const inputs = { name: apart(nameOf(note.user_name, people)), by: apart(nameOf(note.by_name, people)), raw, detail: apart(raw) };
  return NOTES[note.what]?.(inputs) ?? capitalised(note.text);
}

/** Of somebody whose name was not known yet, the line knows the address only. */
function nameOf(name: string | null | undefined, people: Named[]): string {
  if (!name || !isAddress(name)) return name ?? "";
  return called(people.find((person) => person.user === name) ?? { name: "", user: name });
}
