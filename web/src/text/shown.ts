// What a report shows of a message: whole and as it was written, so that a link is seen with where it leads, and each file by its name.
import { m } from "../paraglide/messages.js";
import type { GoneMessage, Message } from "../api/types";
import { size } from "./format";
import { excerpt, excerptOfGone } from "./plain";

/** Its lines. */
export function shown(message: Message): string {
  const question = message.poll ? [message.poll.question, ...message.poll.options.map(({ text }) => `– ${text}`)] : [];
  return together(message, question) || excerpt({ ...message, folded: null });
}

/** The same of a message that is shown no more. */
export function shownOfGone(message: GoneMessage): string {
  return together(message, message.poll ? [message.poll] : []) || excerptOfGone(message);
}

function together({ text, files }: Pick<Message, "text" | "files">, question: string[]): string {
  const named = files.map((file) => m.report_file({ name: file.name || file.type, size: size(file.size) }));
  return [text.trim(), ...question, ...named].filter(Boolean).join("\n");
}
