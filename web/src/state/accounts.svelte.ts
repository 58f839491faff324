// The accounts of this machine and the services that are suggested.
import { SvelteMap } from "svelte/reactivity";
import type { Account, KnownService, Profile } from "../api/types";

class Accounts {
  byId = new SvelteMap<string, Account>();
  services = $state.raw<KnownService[]>([]);
  version = $state("");

  get all(): Account[] {
    return [...this.byId.values()];
  }

  get first(): Account | undefined {
    return this.all[0];
  }

  /** The profile of a domain, where an account or a known service tells it. */
  profileOf(domain: string): Profile | undefined {
    return this.all.find((account) => account.domain === domain)?.profile ?? this.services.find((service) => service.domain === domain)?.profile;
  }
}

export const accounts = new Accounts();

export function takeAccount(account: Account): void {
  accounts.byId.set(account.id, account);
}

export function takeAccounts(all: Account[]): void {
  accounts.byId.clear();
  for (const account of all) takeAccount(account);
}
