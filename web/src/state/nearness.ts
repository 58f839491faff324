// Letting somebody near or keeping them away: asked first, told afterwards.
import { setStance } from "../api/boundaries";
import type { Person, Stance } from "../api/types";
import { m } from "../paraglide/messages.js";
import { apart, called } from "../text/names";
import { ask } from "./dialogs.svelte";
import { failed, tell } from "./notices.svelte";

type Whom = Pick<Person, "user" | "name">;

export function askToBlock(account: string, whom: Whom, then?: () => void): void {
  const name = apart(called(whom));
  ask({ title: m.block_title({ name }), text: m.block_text(), yes: m.block(), danger: true, run: () => void keep(account, whom, "blocked", then) });
}

export function askToRestrict(account: string, whom: Whom, then?: () => void): void {
  const name = apart(called(whom));
  ask({ title: m.restrict_title({ name }), text: m.restrict_text(), yes: m.restrict(), run: () => void keep(account, whom, "restricted", then) });
}

export async function keep(account: string, whom: Whom, stance: Stance, then?: () => void): Promise<void> {
  const name = apart(called(whom));
  const told = { blocked: m.blocked_told, restricted: m.restricted_told, normal: m.near_told };
  try {
    await setStance(account, whom.user, stance);
    tell(told[stance]({ name }));
    then?.();
  } catch (error) {
    failed(error);
  }
}
