// Whether the trail is whole: each entry holds the SHA-256 of the JSON of the one before, as the service wrote it.
import type { Entry } from "./api/types";

export interface Checked {
  /** The number of the first entry that does not follow from the one before. */
  broken?: number;
  /** The hash of the last entry: what somebody notes down, to see later that nothing before it was changed. */
  last: string;
}

async function hash(entry: Entry): Promise<string> {
  // The order of the fields is that of the answer; what the service leaves out is left out here too.
  const bytes = new TextEncoder().encode(JSON.stringify(entry));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function check(trail: Entry[]): Promise<Checked> {
  let last = "";
  for (const [index, entry] of trail.entries()) {
    const before = trail[index - 1];
    // The first that there is may follow from one that is gone after two years.
    if (before ? entry.number !== before.number + 1 || entry.before !== last : entry.number === 1 && entry.before !== "") return { broken: entry.number, last };
    last = await hash(entry);
  }
  return { last };
}
