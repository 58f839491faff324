// Accounts of minors and their guardians.
import { at, get, post, remove } from "./client";
import type { GuardianLink, Minors, MinorState, Open } from "./types";

/** The services of those whose guardian the person is are asked. */
export const minors = (account: string) => get<Minors>(at`accounts/${account}/minors`);
export const guardianLink = (account: string) => post<GuardianLink>(at`accounts/${account}/guardian/link`, {});
export const acceptGuarding = (account: string, link: string) => post(at`accounts/${account}/guardian/accept`, { link });
export const openMinor = (account: string, user: string, open: Open, days: number) => post<MinorState>(at`accounts/${account}/guarded/${user}`, { open, days });
export const releaseMinor = (account: string, user: string) => remove(at`accounts/${account}/guarded/${user}`);
