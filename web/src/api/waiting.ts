// Messages that wait for their files, and what can be done with one.
import { at, get, post, remove } from "./client";
import type { Place } from "./rooms";
import type { WaitingRoom } from "./types";

const one = (p: Place, name: string) => at`accounts/${p.account}/rooms/${p.room}/waiting/${name}`;

export const everywhere = () => get<WaitingRoom[]>("waiting");
/** `whole`: with where and when its pictures were taken. */
export const again = (p: Place, name: string, whole = false) => post(`${one(p, name)}/again`, { whole });
export const giveUp = (p: Place, name: string) => remove(one(p, name));
