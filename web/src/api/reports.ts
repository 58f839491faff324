// Showing a room's service what somebody sent: what is named here, and nothing else. And what came of it, and of what others showed.
import { at, get, post } from "./client";
import type { Place } from "./rooms";
import type { Decision, GoneMessage, MadeReport, NewReport } from "./types";

export const report = (p: Place, what: NewReport) => post(at`accounts/${p.account}/rooms/${p.room}/report`, what);

/** What was shown and is shown no more: to be chosen for a report. */
export const gone = (p: Place, person: string) => get<GoneMessage[]>(at`accounts/${p.account}/rooms/${p.room}/gone`, { person });

export const madeReports = (account: string) => get<MadeReport[]>(at`accounts/${account}/reports`);
export const appealReport = (account: string, report: string, words: string) => post(at`accounts/${account}/reports/${report}/appeal`, { words });
export const decisions = (account: string) => get<Decision[]>(at`accounts/${account}/decisions`);
export const appealDecision = (account: string, of: string, words: string) => post(at`accounts/${account}/decisions/${of}/appeal`, { words });
