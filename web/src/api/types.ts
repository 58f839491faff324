// What the process says and takes, by the names that this page has for it. The shapes come from docs/openapi.json (`npm run api`).
// Times are milliseconds since 1970.
import type { components } from "./openapi";

type Schemas = components["schemas"];

export type ProblemCode = Schemas["ProblemCode"];
export type Profile = "account" | "handle" | "phone";
export type Position = string;

export type Settings = Schemas["Settings"];
/** What the process takes, told before it is asked. */
export type Limits = Schemas["Limits"];
export type Theme = Schemas["Theme"];
export type NotificationLevel = Schemas["Preview"];
export type KnownService = Schemas["KnownService"];
export type Account = Schemas["Account"];
export type Code = Schemas["Code"];
/** What a recovery code brings back. */
export type Backup = Schemas["Backup"];
export type PinState = Schemas["PinState"];
/** `born`, with `under_age`: a month, which stays in the process. */
export type NewAccount = Pick<Schemas["NewAccount"], "url" | "identifier" | "name"> & Partial<Schemas["NewAccount"]>;
export type State = Schemas["State"];
/** Shown with each request of this browser's windows. */
export type WindowKey = Schemas["WindowKey"];
export type Qr = Schemas["Qr"];
export type Card = Schemas["Card"];
export type Pass = Schemas["Pass"];
export type Warning = Schemas["Warning"];
/** What the person should know; the process keeps it until it was seen. */
export type Alarm = Schemas["Alarm"];
export type Device = Schemas["Device"];
export type LinkRequest = Schemas["LinkRequest"];
export type LinkApproved = Schemas["LinkApproved"];
export type Linked = Schemas["Linked"];
export type Link = Schemas["Link"];
export type Person = Schemas["Person"];
export type Safety = Schemas["Safety"];
export type Verdict = Schemas["VerifyOutcome"];
export type Directory = Schemas["Directory"];

export type Inline = Schemas["Inline"];
export type Block = Schemas["Block"];
export type LinkWarning = Schemas["LinkWarning"];
export type FileInfo = Schemas["File"];

/** A message that waits for its files. */
export type Waiting = Schemas["Waiting"];
export type WaitingRoom = Schemas["WaitingRoom"];

/** How near somebody is let. */
export type Stance = Schemas["Stance"];
/** What to know of whoever has just come. */
export type FirstContact = Schemas["FirstContact"];
export type Boundaries = Schemas["Boundaries"];
export type Minors = Schemas["Minors"];
export type MinorState = Schemas["MinorState"];
export type GuardedMinor = Schemas["GuardedMinor"];
export type GuardianLink = Schemas["GuardianLink"];
/** How far a minor's account is open. */
export type Open = Schemas["Open"];
export type NewBoundaries = Partial<Schemas["NewBoundaries"]>;

export type NewReport = Schemas["NewReport"];
export type GoneMessage = Schemas["GoneMessage"];
/** A report that was made, with what came of it. */
export type MadeReport = Schemas["MadeView"];
/** What a safety team decided about an account. */
export type Decision = Schemas["DecisionView"];

export type Poll = Schemas["Poll"];
export type Opened = Schemas["Opened"];
export type Message = Schemas["Message"] & { kind: "message" };
export type Note = Schemas["Note"] & { kind: "note" };
export type Item = Schemas["Item"];

export type Room = Schemas["Room"];
export type Place = Schemas["Place"];
export type RoomBegun = Schemas["RoomBegun"];
export type MadeInvitation = Schemas["MadeInvitation"];
export type AskedAgain = Schemas["AskedAgain"];
export type Member = Schemas["Member"];
export type Invitation = Schemas["Invitation"];
export type Group = Schemas["Group"];
export type May = Schemas["May"];
export type RoomDetail = Schemas["RoomDetail"];

export type TimelinePage = Schemas["Part"];
export type Begun = Schemas["Begun"];
export type EarlierVersion = Schemas["Version"];
export type NewMessage = Partial<Schemas["NewMessage"]>;
export type Upload = Schemas["Progress"];

export type NewMarks = Partial<Schemas["NewMarks"]>;
export type Hit = Schemas["Hit"];
export type Found = Schemas["Found"];

export type AppEvent = Schemas["Happening"];
