// Whom an account keeps away, how it receives strangers, which words are hidden. None of it leaves the process.
import { at, get, post } from "./client";
import type { Boundaries, NewBoundaries, Stance } from "./types";

export const boundaries = (account: string) => get<Boundaries>(at`accounts/${account}/boundaries`);
export const setBoundaries = (account: string, part: NewBoundaries) => post<Boundaries>(at`accounts/${account}/boundaries`, part);
export const setStance = (account: string, user: string, stance: Stance) => post(at`accounts/${account}/people/${user}/stance`, { stance });
