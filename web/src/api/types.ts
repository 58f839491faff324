// What the process says and takes, as in the contract of its local API. Times are milliseconds since 1970.

export type Profile = "account" | "handle" | "phone";
export type Theme = "system" | "light" | "dark" | "contrast";
export type NotificationLevel = "none" | "name" | "text";
export type Position = number | string;

export interface Settings {
  language: string;
  theme: Theme;
  notifications: NotificationLevel;
  read_receipts: boolean;
  typing: boolean;
}

export interface KnownService {
  url: string;
  domain: string;
  profile: Profile;
  name: string;
}

export interface Account {
  id: string;
  user: string;
  domain: string;
  profile: Profile;
  service_url: string;
  name: string;
  primary: boolean;
  connection: "online" | "connecting" | "offline";
  connection_error?: string | null;
  recovery: "none" | "unconfirmed" | "confirmed";
  devices: number;
}

export interface State {
  version: string;
  accounts: Account[];
  services: KnownService[];
  settings: Settings;
}

export interface Qr {
  size: number;
  path: string;
}

export interface Card {
  user: string;
  link: string;
  qr: Qr;
}

export interface Device {
  uri: string;
  this: boolean;
  primary: boolean;
  name: string;
  added?: number | null;
  sas: string;
}

export type Standing = "unverified" | "verified" | "changed" | "self";

export interface Person {
  user: string;
  name?: string | null;
  domain: string;
  profile: Profile;
  standing: Standing;
  devices?: number | null;
}

export interface Safety {
  digits: string[];
  qr: Qr;
  standing: Standing;
}

export interface Verdict {
  result: string;
  message: string;
}

export interface Directory {
  domain: string;
  audited: boolean;
  auditors: string[];
  checked?: number | null;
  caught?: string | null;
}

export interface Room {
  account: string;
  room: string;
  name: string;
  title: string;
  people: Person[];
  count: number;
  domains: string[];
  state: string;
  last?: Item | null;
  unread: number;
  mentioned: boolean;
  pinned: boolean;
  archived: boolean;
  muted_until?: number | null;
  draft: string;
  request: boolean;
  blocked?: string | null;
  unproven?: string | null;
  encrypted: "hybrid" | "classical";
}

export interface Member {
  person: Person;
  role: string;
  devices: number;
}

export interface Invitation {
  key: string;
  people: number;
  not_after: number;
  by: string;
}

export interface RoomDetail extends Room {
  members: Member[];
  invitations: Invitation[];
  audited: boolean;
  missing: number;
  may: { add: boolean; remove: boolean; rename: boolean; invite: boolean; send: boolean };
}

export type Inline =
  | { t: "text"; text: string }
  | { t: "em" | "strong" | "strike"; c: Inline[] }
  | { t: "code"; text: string }
  | { t: "link"; href: string; c: Inline[]; shown_host?: string | null; warning?: string | null }
  | { t: "mention"; user: string; text: string }
  | { t: "break" };

export type Block =
  | { t: "paragraph"; c: Inline[] }
  | { t: "heading"; level: number; c: Inline[] }
  | { t: "quote"; c: Block[] }
  | { t: "list"; ordered: boolean; start?: number | null; items: Block[][] }
  | { t: "code"; lang?: string | null; text: string }
  | { t: "rule" };

export interface FileInfo {
  index: number;
  name: string;
  type: string;
  size: number;
  kind: "picture" | "audio" | "video" | "file";
  width?: number | null;
  height?: number | null;
  unusable?: string | null;
}

export interface Poll {
  question: string;
  options: { text: string; votes: number; mine: boolean; people: string[] }[];
  several: boolean;
  voters: number;
}

export interface Message {
  kind: "message";
  message: string;
  version: number | string;
  position: Position;
  sender: string;
  name: string;
  mine: boolean;
  at: number;
  body: Block[];
  text: string;
  edited?: number | null;
  unsent: boolean;
  reply?: { message?: string | null; sender?: string | null; excerpt?: string | null } | null;
  reactions: { emoji: string; mine: boolean; people: string[] }[];
  files: FileInfo[];
  state?: "queued" | "sent" | "failed" | null;
  failure?: string | null;
  delivered: number;
  read: number;
  recipients: number;
  mentions_me: boolean;
  unread: boolean;
  expires?: number | null;
  timer?: number | null;
  forwarded?: number | null;
  view_once?: boolean | null;
  poll?: Poll | null;
  emoji_only: boolean;
}

export interface Note {
  kind: "note";
  position: Position;
  at: number;
  text: string;
  tone: "plain" | "alarm";
}

export type Item = Message | Note;

export interface TimelinePage {
  items: Item[];
  more_before: boolean;
  more_after: boolean;
}

export interface EarlierVersion {
  at: number;
  body: Block[];
  text: string;
}

export interface Hit {
  account: string;
  room: string;
  room_title: string;
  message: string;
  position: Position;
  at: number;
  sender: string;
  excerpt: { text: string; hit: boolean }[];
}

export interface NewMessage {
  text?: string;
  reply_to?: string;
  mentions?: string[];
  expires_seconds?: number;
  files?: string[];
  view_once?: boolean;
}

export interface Upload {
  upload: string;
  there: number;
}

export type AppEvent =
  | { type: "account"; account: Account }
  | { type: "room"; room: Room }
  | { type: "item"; account: string; room: string; item: Item }
  | { type: "gone"; account: string; room: string; message: string }
  | { type: "typing"; account: string; room: string; user: string; name: string; writing: boolean }
  | { type: "alarm"; account: string; room?: string | null; text: string }
  | { type: "transfer"; account: string; upload?: string; message?: string; there: number; of: number }
  | { type: "export"; account?: string; done: number; of: number }
  | { type: "settings"; settings: Settings };
