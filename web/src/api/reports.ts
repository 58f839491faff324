// Showing a room's service what somebody sent: what is named here, and nothing else.
import { at, post } from "./client";
import type { Place } from "./rooms";
import type { NewReport } from "./types";

export const report = (p: Place, what: NewReport) => post(at`accounts/${p.account}/rooms/${p.room}/report`, what);
