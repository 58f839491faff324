// Which dialog is open; at most one, as dialogs in dialogs lose people.
import type { Place } from "../api/rooms";
import type { FileInfo, LinkWarning, Message } from "../api/types";

export interface Question {
  title: string;
  text: string;
  yes: string;
  danger?: boolean;
  run: () => void;
}

export type Dialog =
  | { name: "keys" }
  | { name: "search"; place?: Place }
  | { name: "find"; account?: string }
  /** `into`: the community that it shall stand in. */
  | { name: "group"; account?: string; into?: Place }
  | { name: "community"; account?: string }
  | { name: "add-group"; community: Place }
  | { name: "join"; account?: string }
  | { name: "card"; account?: string }
  | { name: "pass"; account: string; service: string }
  | { name: "add-people"; place: Place }
  | { name: "invite"; place: Place }
  | { name: "forward"; place: Place; messages: Message[] }
  /** `message`: what the person was looking at. */
  | { name: "report"; place: Place; user: string; called: string; message?: string }
  | { name: "once"; place: Place; message: string }
  | { name: "history"; place: Place; message: Message }
  | { name: "reactions"; message: Message }
  | { name: "poll"; place: Place }
  | { name: "gallery"; place: Place; message: Pick<Message, "message">; files: FileInfo[]; index: number }
  | { name: "link"; href: string; host: string; warning: LinkWarning }
  | { name: "question"; question: Question };

class Dialogs {
  open = $state.raw<Dialog | undefined>(undefined);
}

export const dialogs = new Dialogs();

export function show(dialog: Dialog): void {
  dialogs.open = dialog;
}

export function ask(question: Question): void {
  dialogs.open = { name: "question", question };
}

export function close(): void {
  dialogs.open = undefined;
}
