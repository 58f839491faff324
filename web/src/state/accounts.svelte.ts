// The accounts of this machine and the services that are suggested.
import { SvelteMap } from "svelte/reactivity";
import type { Account, KnownService, Limits, Profile, Room } from "../api/types";
import type { Named } from "../text/names";

class Accounts {
  byId = new SvelteMap<string, Account>();
  services = $state.raw<KnownService[]>([]);
  version = $state("");
  /** Unknown before the process has answered. */
  limits = $state.raw<Limits>();

  get all(): Account[] {
    return [...this.byId.values()];
  }

  /** Those that can be used: others wait to be linked, or were taken off. */
  get usable(): Account[] {
    return this.all.filter((account) => account.connection !== "unlinked" && account.connection !== "removed");
  }

  /** Those of which there is something to see: what came before a device was taken off stays readable. */
  get shown(): Account[] {
    return this.all.filter((account) => account.connection !== "unlinked");
  }

  get first(): Account | undefined {
    return this.usable[0];
  }

  /** The profile of a domain, where an account or a known service tells it. */
  profileOf(domain: string): Profile | undefined {
    const known = [...this.all, ...this.services].find((one) => one.domain === domain && one.profile !== "")?.profile;
    return asProfile(known);
  }
}

function asProfile(name: string | undefined): Profile | undefined {
  return name === "account" || name === "handle" || name === "phone" ? name : undefined;
}

export const accounts = new Accounts();

/** Requests that are counted: those of people of whom one wants to hear. */
export function announced(requests: Room[]): Room[] {
  return requests.filter((room) => room.request && room.request.stance === "normal" && !accounts.byId.get(room.account)?.silence_unknown);
}

/** Whether nobody is told that somebody has written: they are no contact, and strangers are silenced. */
export function isSilenced(room: Room, user: string): boolean {
  return Boolean(accounts.byId.get(room.account)?.silence_unknown) && room.unknown.includes(user);
}

/** Whether somebody's pictures wait until they are asked for. */
export function isWary(room: Room, user: string): boolean {
  return Boolean(room.request) || (Boolean(accounts.byId.get(room.account)?.strict) && room.unknown.includes(user));
}

/** Everybody of a room by name, oneself included. */
export function namedIn(room: Room): Named[] {
  const own = accounts.byId.get(room.account);
  return own ? [...room.people, own] : room.people;
}

export function takeAccount(account: Account): void {
  accounts.byId.set(account.id, account);
}

export function takeAccounts(all: Account[]): void {
  accounts.byId.clear();
  for (const account of all) takeAccount(account);
}
