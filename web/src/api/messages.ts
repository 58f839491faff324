// What stands in a room's timeline, and what people do with it.
import { address, at, get, post } from "./client";
import type { Place } from "./rooms";
import type { Begun, EarlierVersion, NewMessage, Opened, Position, TimelinePage } from "./types";

export interface Window {
  before?: Position;
  after?: Position;
  around?: string;
  limit: number;
}

const base = (p: Place) => at`accounts/${p.account}/rooms/${p.room}`;
const one = (p: Place, message: string) => base(p) + at`/messages/${message}`;

export const timeline = (p: Place, window: Window) => get<TimelinePage>(`${base(p)}/timeline`, { ...window });
export const send = (p: Place, message: NewMessage) => post<Begun>(`${base(p)}/messages`, message);
export const edit = (p: Place, message: string, text: string) => post(`${one(p, message)}/edit`, { text });
export const unsend = (p: Place, message: string) => post(`${one(p, message)}/unsend`);
export const react = (p: Place, message: string, emoji: string, on: boolean) => post(`${one(p, message)}/react`, { emoji, on });
export const retry = (p: Place, message: string) => post(`${one(p, message)}/retry`);
export const discard = (p: Place, message: string) => post(`${one(p, message)}/discard`);
export const forward = (p: Place, message: string, to: Place[]) => post(`${one(p, message)}/forward`, { to });
/** Opens what is seen once: what it says is nowhere afterwards, and its files can be fetched for ten minutes. */
export const openOnce = (p: Place, message: string) => post<Opened>(`${one(p, message)}/open`);
export const history = (p: Place, message: string) => get<EarlierVersion[]>(`${one(p, message)}/history`);
export const openPoll = (p: Place, question: string, options: string[], several: boolean) =>
  post<Begun>(`${base(p)}/polls`, { question, options, several });
export const vote = (p: Place, message: string, choices: number[]) => post(`${one(p, message)}/vote`, { choices });
export const typing = (p: Place, writing: boolean) => post(`${base(p)}/typing`, { writing });
export const readThrough = (p: Place, through: Position) => post(`${base(p)}/read`, { through });

export const fileAddress = (p: Place, message: string, index: number) => address(`${one(p, message)}/files/${index}`);
export const pictureAddress = (p: Place, message: string, index: number, width: 320 | 640 | 1600) =>
  address(`${one(p, message)}/files/${index}/picture?width=${width}`);
