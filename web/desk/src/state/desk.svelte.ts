// Who is signed in, where they are, what was told in passing.
import { policy, signOut, whoIsIn } from "../api/calls";
import { sentence, whenSignedOut } from "../api/client";
import type { Rule, Session } from "../api/types";

export type Place = { name: "queues" } | { name: "case"; case: string } | { name: "person"; user: string } | { name: "trail" } | { name: "team" } | { name: "tips" } | { name: "known" } | { name: "figures" };

class Desk {
  ready = $state(false);
  session = $state.raw<Session>();
  rules = $state.raw<Rule[]>([]);
  place = $state.raw<Place>(placeOf(location.hash));
  /** What was done, for everybody to hear; it stays until the next. */
  said = $state("");
  /** Why somebody is asked to sign in. */
  why = $state("");

  get audits(): boolean {
    return this.session?.role === "lead" || this.session?.role === "auditor";
  }

  get leads(): boolean {
    return this.session?.role === "lead";
  }

  get seesChildSafety(): boolean {
    return this.session?.role === "lead" || this.session?.role === "child-safety-reviewer";
  }

  get reviews(): boolean {
    return this.session !== undefined && this.session.role !== "auditor";
  }
}

export const desk = new Desk();

export async function begin(): Promise<void> {
  window.addEventListener("hashchange", () => {
    desk.place = placeOf(location.hash);
  });
  whenSignedOut((why) => {
    if (desk.session) desk.why = why;
    desk.session = undefined;
  });
  try {
    const session = await whoIsIn();
    if (session) await enter(session);
  } catch (error) {
    desk.why = sentence(error);
  }
  desk.ready = true;
}

export async function enter(session: Session): Promise<void> {
  desk.why = desk.said = "";
  desk.rules = await policy();
  desk.session = session;
}

export async function leave(): Promise<void> {
  await signOut();
  desk.session = undefined;
  desk.said = "";
  desk.why = "You are signed out.";
  location.hash = "#/";
}

export function addressOf(place: Place): string {
  if (place.name === "case") return `#/case/${encodeURIComponent(place.case)}`;
  if (place.name === "person") return `#/person/${encodeURIComponent(place.user)}`;
  return place.name === "queues" ? "#/" : `#/${place.name}`;
}

export function go(place: Place): void {
  location.hash = addressOf(place);
}

function placeOf(hash: string): Place {
  const [, name = "", rest = ""] = /^#\/(\w*)(?:\/(.*))?$/.exec(hash) ?? [];
  const value = decoded(rest);
  if (name === "case" && value) return { name, case: value };
  if (name === "person" && value) return { name, user: value };
  if (name === "trail" || name === "team" || name === "tips" || name === "known" || name === "figures") return { name };
  return { name: "queues" };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
