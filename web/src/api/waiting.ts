// Messages that wait for their files, and what can be done with one.
import { at, get, post, remove } from "./client";
import type { Place } from "./rooms";
import type { Waiting } from "./types";

const base = (p: Place) => at`accounts/${p.account}/rooms/${p.room}/waiting`;

export const waiting = (p: Place) => get<Waiting[]>(base(p));
export const again = (p: Place, one: string) => post(`${base(p)}/${at`${one}`}/again`);
export const giveUp = (p: Place, one: string) => remove(`${base(p)}/${at`${one}`}`);
