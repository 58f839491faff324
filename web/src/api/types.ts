// What the process says and takes. The shapes come from docs/openapi.json (`npm run api`); what stands here as optional is agreed
// but not in every build of the process yet. Times are milliseconds since 1970.
import type { components } from "./openapi";

type Schemas = components["schemas"];

export type Profile = "account" | "handle" | "phone";
export type Position = string;

export type Settings = Schemas["Settings"];
export type Theme = Schemas["Theme"];
export type NotificationLevel = Schemas["Preview"];
export type KnownService = Schemas["KnownService"] & { name?: string };
export type Account = Schemas["Account"] & { recovery?: "none" | "unconfirmed" | "confirmed" };
/** What a recovery code brings back. */
export interface Backup {
  recovery: "none" | "unconfirmed" | "confirmed";
  last?: number | null;
  waiting: boolean;
  bytes: number;
  disputed: boolean;
}
export type State = Omit<Schemas["State"], "accounts" | "services"> & { accounts: Account[]; services: KnownService[] };
export type Qr = Schemas["Qr"];
export type Card = Schemas["Card"];
export type Device = Schemas["Device"];
export type LinkRequest = Schemas["LinkRequest"];
export type LinkApproved = Schemas["LinkApproved"];
export type Linked = Schemas["Linked"];
export type Link = Schemas["Link"];
export type Standing = Schemas["PersonStanding"];
export type Person = Schemas["Person"] & { devices?: number | null };
export type Safety = Schemas["Safety"];
export type Verdict = Schemas["VerifyOutcome"];
export type Directory = Schemas["Directory"];

export type Inline = Schemas["Inline"];
export type Block = Schemas["Block"];
export type LinkWarning = Schemas["LinkWarning"];
export type FileInfo = Schemas["File"];

export type Poll = Schemas["Poll"];
export type Opened = Schemas["Opened"];
export type Message = Schemas["Message"] & { kind: "message" };
export type Note = Schemas["Note"] & { kind: "note" };
export type Item = Message | Note;

type Listed<T extends Schemas["Room"]> = Omit<T, "last" | "people"> & { last?: Item | null; people: Person[] };
export type Room = Listed<Schemas["Room"]>;
export type Member = Schemas["Member"];
export type Invitation = Schemas["Invitation"];
export type RoomDetail = Listed<Schemas["RoomDetail"]>;

export type TimelinePage = Omit<Schemas["Part"], "items"> & { items: Item[] };
export type EarlierVersion = Schemas["Version"];
export type NewMessage = Partial<Schemas["NewMessage"]>;
export type Upload = Schemas["Progress"];

export type NewMarks = Partial<Schemas["NewMarks"]>;
export type Hit = Schemas["Hit"];
export type Found = Schemas["Found"];

type Told = Exclude<Schemas["Happening"], { type: "account" | "room" | "item" | "transfer" }>;
export type AppEvent =
  | Told
  | { type: "account"; account: Account }
  | { type: "room"; room: Room }
  | { type: "item"; account: string; room: string; item: Item }
  | { type: "transfer"; account: string; upload?: string; message?: string; there: number; of: number }
  | { type: "export"; account?: string; done: number; of: number };
