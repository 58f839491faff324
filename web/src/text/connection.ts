// How an account stands with its service, in words.
import { m } from "../paraglide/messages.js";
import type { Account } from "../api/types";
import { inEnglish } from "./detail";

export function connection(account: Account): string {
  return {
    online: m.connection_online,
    connecting: m.connection_connecting,
    offline: m.connection_offline,
    removed: m.connection_removed,
    unlinked: m.connection_unlinked,
    stopped: m.connection_stopped,
  }[account.connection]();
}

/** Why it is away, and what that means for what is written; while the process itself is away there is nothing more to say. */
export function connectionAtLength(account: Account, live: boolean): string {
  const more = live && account.connection === "offline" ? [inEnglish(account.connection_error), m.connection_offline_text()] : [];
  return [connection(account), ...more].filter(Boolean).join(". ");
}
