// How far the exports are that were asked for.
import { SvelteMap } from "svelte/reactivity";

export interface Exporting {
  done: number;
  of: number;
  ended: boolean;
}

/** By account. What failed is not in it any more. */
export const exporting = new SvelteMap<string, Exporting>();
