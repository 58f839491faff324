// What the process refuses, in the person's language. Its own English words are for what this page does not know yet. The codes
// are those of docs/openapi.json; a test looks whether each has its sentence.
import { m } from "../paraglide/messages.js";
import type { ProblemCode } from "../api/types";
import { capitalised } from "./capital";

type Sentence = (inputs: { limit: string }) => string;

export const PROBLEMS: Record<ProblemCode, Sentence> = {
  unusable: m.error_unusable,
  "not-found": m.error_not_found,
  internal: m.error_internal,
  core: m.error_internal,
  store: m.error_store,
  home: m.error_home,
  "other-host": m.error_locked_out,
  "other-origin": m.error_locked_out,
  unmarked: m.error_locked_out,
  "no-session": m.error_locked_out,
  "launch-used": m.error_launch_used,
  "script-only": m.error_locked_out,
  unreachable: m.error_unreachable,
  untrusted: m.error_untrusted,
  "service-failed": m.error_service_failed,
  refused: m.refused_service,
  unsupported: m.error_unsupported,
  "rate-limited": m.error_rate_limited,
  "quota-exceeded": m.error_quota_exceeded,
  "too-many-reports": m.error_too_many_reports,
  removed: m.error_removed,
  taken: m.error_taken,
  "bad-identifier": m.error_bad_identifier,
  "bad-code": m.error_bad_code,
  "pass-needed": m.error_pass_needed,
  "bad-pass": m.error_bad_pass,
  "no-passes": m.error_no_passes,
  "no-person": m.error_no_person,
  discovery: m.error_discovery,
  oneself: m.error_oneself,
  "no-account": m.error_no_account,
  "account-exists": m.error_account_exists,
  "too-many-accounts": m.error_too_many_accounts,
  "not-allowed": m.refused_not_allowed,
  limited: m.error_limited,
  suspended: m.error_suspended,
  "not-primary": m.error_not_primary,
  "this-device": m.error_this_device,
  "not-open": m.error_not_open,
  "in-room-already": m.error_in_room_already,
  "not-in-room": m.error_not_in_room,
  "no-community": m.error_no_community,
  "bad-invitation": m.error_bad_invitation,
  "bad-minor-link": m.error_bad_minor_link,
  "key-changed": m.error_key_changed,
  "no-new-key": m.error_no_new_key,
  "bad-safety-code": m.error_bad_safety_code,
  "bad-link-code": m.error_bad_link_code,
  "link-altered": m.error_link_altered,
  "no-link": m.error_no_link,
  "not-compared": m.error_not_compared,
  "bad-name": m.error_bad_name,
  "no-recovery-code": m.error_no_recovery_code,
  "other-recovery-code": m.error_other_recovery_code,
  "bad-recovery-code": m.error_bad_recovery_code,
  "bad-backup": m.error_bad_backup,
  "nothing-restored": m.error_nothing_restored,
  "pin-wrong": m.error_pin_wrong,
  "pin-locked": m.error_pin_locked,
  "no-pin": m.error_no_pin,
  "bad-pin": m.error_bad_pin,
  "pin-needs-three": m.error_pin_needs_three,
  "too-long": m.error_too_long,
  empty: m.error_empty,
  "too-large": m.error_too_large,
  "not-failed": m.error_not_failed,
  "not-forwardable": m.error_not_forwardable,
  "too-many-rooms": m.error_too_many_rooms,
  "nothing-to-open": m.error_nothing_to_open,
  "file-size": m.error_file_size,
  "too-many-uploads": m.error_too_many_uploads,
  "not-whole": m.error_not_whole,
  "wrong-offset": m.error_not_whole,
  "file-unusable": m.error_file_unusable,
  "attachment-unusable": m.error_attachment_unusable,
  "picture-too-large": m.error_picture_too_large,
  "picture-unusable": m.error_picture_unusable,
  "metadata-stays": m.error_metadata_stays,
  "folder-unusable": m.error_folder_unusable,
};

/** What is wrong with who somebody wants to be at a service, by what the service knows people by. */
export function identifierInWords(code: string, profile: string | undefined): string | undefined {
  if (code === "taken") return profile === "phone" ? m.error_number_taken() : profile === "handle" ? m.error_handle_taken() : undefined;
  if (code !== "bad-identifier") return undefined;
  return profile === "phone" ? m.error_bad_number() : profile === "handle" ? m.error_bad_handle() : m.error_bad_account_name();
}

export interface Refusal {
  code?: string;
  message?: string;
  /** Tries of the PIN. */
  left?: number | null;
  limit?: number | null;
}

/** The sentence for what the process said. */
export function problemInWords({ code = "", message, left, limit }: Refusal): string {
  if (left === 0) return m.error_pin_locked();
  if (left != null) return `${m.error_pin_wrong()} ${m.pin_left({ n: left })}`;
  if (Object.hasOwn(PROBLEMS, code)) return PROBLEMS[code as ProblemCode]({ limit: `${limit ?? 0}` });
  return message ? capitalised(message) : m.error_unexpected();
}
