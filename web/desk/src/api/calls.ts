// What can be asked, one function each: docs/console-api.md.
import { ask, at, bytes, Refused } from "./client";
import { makePasskey, showPasskey } from "./passkey";
import type { Case, Entry, Exhibit, Figures, Item, Kind, KnownList, Member, NewTip, Person, Queue, Role, Rule, Session, Tip, Verdict, Waiting } from "./types";

/** Comes into the team: whoever made the passkey is in from now on. */
export async function join(code: string): Promise<Session> {
  const { options } = await ask<{ options: PublicKeyCredentialCreationOptionsJSON }>("POST", "join/begin", { code });
  return ask<Session>("POST", "join/passkey", { code, passkey: await makePasskey(options) });
}

export async function signIn(): Promise<Session> {
  const options = await ask<PublicKeyCredentialRequestOptionsJSON>("POST", "session/begin");
  return ask<Session>("POST", "session/passkey", await showPasskey(options));
}

/** Who is signed in, if anybody is. */
export async function whoIsIn(): Promise<Session | undefined> {
  try {
    return await ask<Session>("GET", "session");
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return undefined;
    throw error;
  }
}

export const signOut = () => ask<void>("DELETE", "session");
export const policy = () => ask<Rule[]>("GET", "policy");
export const queues = () => ask<Waiting[]>("GET", "queues");
export const takeNext = (queue: Queue) => ask<{ case: string | null }>("POST", at`queues/${queue}/claim`);

export const item = (of: string) => ask<Item>("GET", at`cases/${of}`);
export const take = (of: string) => ask<Case>("POST", at`cases/${of}/claim`);
export const escalate = (of: string) => ask<Case>("POST", at`cases/${of}/escalate`);
export const release = (of: string) => ask<Case>("POST", at`cases/${of}/release`);
export const open = (of: string) => ask<Item>("POST", at`cases/${of}/open`);
export const decide = (of: string, verdict: Verdict) => ask<Case>("POST", at`cases/${of}/decide`, verdict);
export const confirm = (of: string) => ask<Case>("POST", at`cases/${of}/confirm`);
export const sendBack = (of: string, why: string) => ask<Case>("POST", at`cases/${of}/send-back`, { why });
export const undo = (of: string, why: string) => ask<Case>("POST", at`cases/${of}/undo`, { why });
export const answer = (of: string, upheld: boolean, explanation: string) => ask<Case>("POST", at`cases/${of}/answer`, { upheld, explanation });

export const attachments = (of: string) => ask<Exhibit[]>("GET", at`cases/${of}/attachments`);
export const attachment = (of: string, number: number, signal: AbortSignal) => bytes(at`cases/${of}/attachments/${number}`, signal);
export const prepareTip = (of: string, tip: NewTip) => ask<{ tip: string }>("POST", at`cases/${of}/tip`, tip);
export const tips = () => ask<Tip[]>("GET", "tips");
export const releaseTip = (tip: string) => ask<void>("POST", at`tips/${tip}/release`);
export const resumeTip = (tip: string) => ask<void>("POST", at`tips/${tip}/resume`);
export const withdrawTip = (tip: string) => ask<void>("POST", at`tips/${tip}/withdraw`);
export const known = () => ask<KnownList[]>("GET", "known");
export const takeList = (name: string, giver: string, kind: Kind, file: Blob) => ask<{ taken: number; passed_over: number }>("POST", at`known?name=${name}&giver=${giver}&kind=${kind}`, file);
export const removeList = (name: string) => ask<void>("DELETE", at`known/${name}`);

export const person = (user: string) => ask<Person>("GET", at`people?user=${user}`);
export const figures = (from: number, until: number) => ask<Figures>("GET", at`figures?from=${from}&until=${until}`);

export const team = () => ask<Member[]>("GET", "staff");
export const invite = (name: string, role: Role) => ask<{ code: string }>("POST", "staff", { name, role });
export const remove = (name: string) => ask<void>("DELETE", at`staff/${name}`);

/** The whole trail: it comes in parts. */
export async function trail(): Promise<Entry[]> {
  const all: Entry[] = [];
  for (;;) {
    const part = await ask<Entry[]>("GET", at`audit?after=${all.at(-1)?.number ?? 0}`);
    if (part.length === 0) return all;
    all.push(...part);
  }
}
