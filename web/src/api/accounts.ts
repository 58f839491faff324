// Accounts, devices, people, recovery.
import { at, get, post, remove } from "./client";
import type { Account, Backup, Card, Code, Device, Directory, KnownService, Link, LinkApproved, Linked, LinkRequest, NewAccount, Pass, Person, PinState, Safety, Verdict } from "./types";

export const lookAtService = (url: string) => post<KnownService>("services/look", { url });
export const askForCode = (url: string, number: string) => post("codes", { url, number });
export const createAccount = (account: NewAccount) => post<Account>("accounts", account);
/** `name`: of this device; no service learns it. */
export const startLinking = (url: string, name: string) => post<LinkRequest>("accounts/link", { url, name });
/** `number` is null while the first device has not answered: ask again. Each asking waits for a while. */
export const awaitLinking = (account: string) => post<Linked>(at`accounts/${account}/link/wait`, {});
export const renameMyself = (account: string, name: string) => post<Account>(at`accounts/${account}/name`, { name });
/** With it somebody can make an account at a service; each is another one, and counts. */
export const givePass = (account: string, service: string) => post<Pass>(at`accounts/${account}/pass`, { service });
export const myCard = (account: string) => get<Card>(at`accounts/${account}/card`);

export const devices = (account: string) => get<Device[]>(at`accounts/${account}/devices`);
export const approveDevice = (account: string, code: string) => post<LinkApproved>(at`accounts/${account}/devices`, { code });
/** Devices that are being linked, or were. */
export const links = (account: string) => get<Link[]>(at`accounts/${account}/links`);
export const lookAtLink = (account: string, device: string) => post<Link>(at`accounts/${account}/links/look`, { device });
/** Both show the same number: what was said before is sent, and is there when this returns. */
export const linkCompared = (account: string, device: string) => post(at`accounts/${account}/links/compared`, { device });
export const nameDevice = (account: string, device: string, name: string) => post(at`accounts/${account}/devices/name`, { device, name });
export const removeDevice = (account: string, device: string) => post(at`accounts/${account}/devices/remove`, { device });

/** By the link of a card, or NAME@DOMAIN with exactly the handle or number. */
export const find = (account: string, whom: string) => post<Person[]>(at`accounts/${account}/find`, { whom });
export const person = (account: string, user: string) => get<Person>(at`accounts/${account}/people/${user}`);
export const safety = (account: string, user: string) => get<Safety>(at`accounts/${account}/people/${user}/safety`);
export const verifyByCode = (account: string, user: string, code: string) => post<Verdict>(at`accounts/${account}/people/${user}/verify`, { code });
/** The digits that were on the screen go along: what the person compared is what counts. */
export const verifyByEye = (account: string, user: string, digits: string[]) =>
  post<Verdict>(at`accounts/${account}/people/${user}/verify`, { digits: digits.join("") });
export const acceptKey = (account: string, user: string) => post(at`accounts/${account}/people/${user}/accept-key`);
export const directories = (account: string) => get<Directory[]>(at`accounts/${account}/directories`);

export const newRecoveryCode = (account: string) => post<Code>(at`accounts/${account}/recovery`);
export const confirmRecovery = (account: string, code: string) => post<Account>(at`accounts/${account}/recovery/confirm`, { code });
/** How the backup stands that a recovery code opens. */
export const backup = (account: string) => get<Backup>(at`accounts/${account}/recovery`);
/** `identifier`: the name to give when everything is lost, on a service that finds nobody by name. `services`: two that keep a part. */
export const setPin = (account: string, pin: string, identifier: string, services: string[]) => post(at`accounts/${account}/pin`, { pin, identifier, with: services });
/** Asks the account's service. */
export const pinState = (account: string) => get<PinState>(at`accounts/${account}/pin`);
export const removePin = (account: string) => remove(at`accounts/${account}/pin`);
export const recoverByCode = (url: string, code: string) => post<Account>("recover", { url, code });
/** `code`: the one-time code of a phone number. */
export const recoverByPin = (url: string, identifier: string, pin: string, code?: string) =>
  post<Account>("recover/pin", { url, identifier, pin, code });
export const exportTo = (account: string, folder: string) => post(at`accounts/${account}/export`, { folder });
