// How the page begins, and what it does with each thing the process tells.
import { m } from "../paraglide/messages.js";
import { ApiError, at, get, post, remove, whenLockedOut } from "../api/client";
import { listen } from "../api/events";
import { forget, keep, whenForgotten } from "../api/key";
import { leaveRoom, type Place } from "../api/rooms";
import type { Account, Alarm, AppEvent, State, WindowKey } from "../api/types";
import { accounts, takeAccount, takeAccounts } from "./accounts.svelte";
import { saveDrafts } from "./drafts.svelte";
import { exporting } from "./exporting.svelte";
import { alarm, failed, tell } from "./notices.svelte";
import { arrived } from "./arrivals";
import { closeAll, closeRead, takeBackNotification } from "./notifications";
import { openTimeline } from "./open.svelte";
import { loadRooms, markRoom, rooms, roomKey, takeRoom } from "./rooms.svelte";
import { take as takeSettings } from "./settings.svelte";
import { takeTransfer } from "./transfers.svelte";
import { takeTyping } from "./typing.svelte";
import { loadWaiting, takeWaiting } from "./waiting.svelte";
import { start as startView, view, samePlace, settle, go } from "./view.svelte";
import { apart, called } from "../text/names";
import { inWords } from "../text/warning";

class Session {
  phase = $state<"starting" | "ready" | "locked-out" | "away">("starting");
  /** Whether the process tells of changes right now. */
  live = $state(true);
}

export const session = new Session();
let stop: (() => void) | undefined;
let shown: string | undefined;

/** Nothing is said before the language is there; the link, which is good once, is used at once. */
export async function begin(spoken: Promise<void>): Promise<void> {
  whenLockedOut(lockOut);
  const launch = new URLSearchParams(location.hash.slice(1)).get("launch");
  startView();
  try {
    if (launch) keep((await post<WindowKey>("session", { launch })).key);
    await spoken;
    await load();
    session.phase = "ready";
    stop?.();
    stop = listen({ event: take, gap: () => void afterGap(), connected: (is) => (session.live = is), failed: isItStillMine });
  } catch (error) {
    const refused = error instanceof ApiError && (error.status === 401 || error.status === 403);
    if (refused) lockOut();
    else session.phase = "away";
  }
  whenForgotten(leave);
  document.addEventListener("visibilitychange", () => document.hidden && void saveDrafts());
  window.addEventListener("pagehide", () => void saveDrafts());
}

async function load(): Promise<void> {
  const state = await get<State>("state");
  takeSettings(state.settings);
  takeAccounts(state.accounts);
  accounts.services = state.services;
  accounts.version = state.version;
  accounts.limits = state.limits;
  if (state.accounts.length > 0) await Promise.all([loadRooms(), loadWaiting()]);
  else rooms.loaded = true;
  closeRead();
  state.alarms.forEach(tellAlarm);
}

async function afterGap(): Promise<void> {
  try {
    await load();
    void saveDrafts();
    await openTimeline()?.again();
  } catch {
    // The stream's next return tries again.
  }
}

/** How an account stands as far as this page can know: while the process is away, nothing of it is connected. */
export function asKnown(account: Account): Account {
  const linked = account.connection !== "removed" && account.connection !== "unlinked";
  return session.live || !linked ? account : { ...account, connection: "offline", connection_error: null };
}

/** A process that was started anew answers, but does not know this page: that shows as 401, which locks the page. */
function isItStillMine(): void {
  get("state").catch(() => {});
}

/** This browser's windows may do nothing any more, and keep nothing of what they showed. */
export async function signOut(): Promise<void> {
  await saveDrafts();
  await remove("session");
  forget();
  sessionStorage.clear();
  leave();
}

/** Loaded anew, so that nothing stays in the memory of the page. */
function leave(): void {
  lockOut();
  location.reload();
}

function lockOut(): void {
  stop?.();
  closeAll();
  session.phase = "locked-out";
}

function take(event: AppEvent): void {
  switch (event.type) {
    case "account":
      return takeAccount(event.account);
    case "room":
      takeRoom(event.room);
      return closeRead();
    case "item":
      if (samePlace(openTimeline()?.place, event)) openTimeline()?.take(event.item);
      return arrived(event, event.item);
    case "gone":
      if (samePlace(openTimeline()?.place, event)) openTimeline()?.gone(event.message);
      return takeBackNotification(event, event.message);
    case "typing":
      return takeTyping(event, event.user, event.name, event.writing);
    case "alarm":
      return tellAlarm(event);
    case "waiting":
      return takeWaiting(event);
    case "transfer":
      return takeTransfer(event.upload, event);
    case "export":
      exporting.set(event.account, { done: event.done, of: event.of, ended: event.ended });
      return;
    case "settings":
      return takeSettings(event.settings);
    case "behind":
      return void afterGap();
    default:
      // A newer process may tell of more than this page knows.
      return;
  }
}

/** What the conversations concerned show by themselves, by a line, a banner and a mark beside the person. */
const SHOWN_THERE = new Set(["key-changed"]);
/** Good to know, and no reason to worry. */
const GOOD_TO_KNOW = new Set(["auditor-new"]);

function tellAlarm({ alarm: id, account, room, warning }: Alarm): void {
  const { what } = warning;
  // What cannot be said now is told again with the next window.
  const seen = () => void post(at`accounts/${account}/alarms/${id}/seen`).catch(() => {});
  if (what === "export-failed") exporting.delete(account);
  if (what === "device-linked" || what === "device-removed") return tellOfDevice(account, what, seen);
  if (SHOWN_THERE.has(what)) return seen();
  if (what === "change-refused" && warning.why === "unavailable" && room) leaveEmpty({ account, room });
  const title = room && rooms.get({ account, room })?.title;
  const text = inWords(warning);
  const whole = title ? `${apart(title)}: ${text}` : text;
  if (!GOOD_TO_KNOW.has(what)) return alarm(whole, undefined, seen);
  tell(whole);
  seen();
}

/** What was begun with a wrong address, and holds nobody and nothing, is no conversation: it goes out of the way. */
function leaveEmpty(place: Place): void {
  const begun = rooms.get(place);
  if (begun?.state !== "open" || begun.name !== "" || begun.count > 1 || begun.community || begun.last?.kind === "message") return;
  if (samePlace(view.where.place, place)) settle({});
  void leaveRoom(place)
    .then(() => markRoom(place, { archived: true }))
    .catch(failed);
}

/** The process names devices by address; what counts is that the list is another one. */
function tellOfDevice(account: string, what: "device-linked" | "device-removed", seen: () => void): void {
  const name = apart(called(accounts.byId.get(account) ?? { name: "", user: "" }));
  const text = what === "device-linked" ? m.alarm_device_linked({ name }) : m.alarm_device_removed({ name });
  alarm(text, { label: m.devices(), run: () => go({ page: { name: "devices", account } }) }, seen);
}

/** When a room or account is gone from this machine, nothing of it stays on the screen. */
export function leaveIfGone(): void {
  const place = view.where.place;
  if (!place) return;
  const key = roomKey(place);
  // One that was just made may be opened before the process tells of it.
  if (rooms.byKey.has(key)) shown = key;
  else if (shown === key) settle({});
}
