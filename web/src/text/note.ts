// What happened to people and safety, in the person's language; what this page has no words for, in the process's.
import { m } from "../paraglide/messages.js";
import type { Note } from "../api/types";
import { span } from "./format";
import { apart, called, type Named } from "./names";

/** `people` are those whose names may have become known since. */
export function noteInWords(note: Note, people: Named[] = []): string {
  const name = apart(nameOf(note.user_name, people));
  const by = apart(nameOf(note.by_name, people));
  const detail = apart(note.detail ?? "");
  const words: Record<string, () => string> = {
    opened: () => m.note_opened({ by }),
    joined: () => m.note_joined({ name }),
    added: () => m.note_added({ name, by }),
    invited: () => m.note_invited({ name, by }),
    "invitation-made": () => m.note_invitation_made({ by, n: Number(note.detail ?? 1) }),
    "invitation-taken-back": () => m.note_invitation_taken_back({ by }),
    left: () => m.note_left({ name }),
    removed: () => m.note_removed({ name, by }),
    "role-changed": () => (note.detail === "admin" ? m.note_admin({ name, by }) : note.detail === "member" ? m.note_no_admin({ name, by }) : note.text),
    "timer-set": () => (Number(note.detail) > 0 ? m.note_timer({ by, span: span(Number(note.detail)) }) : m.note_timer_off({ by })),
    "vanish-set": () => m.note_vanish({ by }),
    renamed: () => m.note_renamed({ by, title: detail }),
    "only-admins-write": () => m.note_only_admins_write({ by }),
    "everybody-writes": () => m.note_everybody_writes({ by }),
    "picture-set": () => m.note_picture_set({ by }),
    "picture-taken-away": () => m.note_picture_taken_away({ by }),
    "group-added": () => m.note_group_added({ by, name: detail }),
    "group-removed": () => m.note_group_removed({ by, name: detail }),
    "device-added": () => m.note_device_added({ name, device: detail }),
    "device-removed": () => m.note_device_removed({ name, device: detail }),
    rejoined: () => m.note_rejoined({ name, device: detail }),
    "came-meanwhile": () => m.note_came_meanwhile({ name }),
    "gone-meanwhile": () => m.note_gone_meanwhile({ name }),
    "key-refused": () => m.note_key_refused({ name }),
    "key-changed": () => m.note_key_changed({ name }),
    "verified-key-changed": () => m.note_verified_key_changed({ name }),
    verified: () => m.note_verified({ name }),
    "key-accepted": () => m.note_key_accepted({ name }),
    lapsed: m.note_lapsed,
  };
  return words[note.what]?.() ?? note.text.charAt(0).toLocaleUpperCase() + note.text.slice(1);
}

/** Of somebody whose name was not known yet, the line knows the address only. */
function nameOf(name: string | null | undefined, people: Named[]): string {
  if (!name?.startsWith("mimi://")) return name ?? "";
  return called(people.find((person) => person.user === name) ?? { name: "", user: name });
}
