// A line of plain text for a message: for the inbox, for quotes, for what a screen reader is told.
import { m } from "../paraglide/messages.js";
import type { Block, FileInfo, GoneMessage, Inline, Item, Message } from "../api/types";
import type { Named } from "./names";
import { noteInWords } from "./note";

/** Nobody wants to hear more of a message before they open it. */
const LONGEST = 400;

export function excerpt(message: Message): string {
  if (message.unsent) return m.message_unsent();
  if (message.folded) return message.folded === "blocked" ? m.folded_blocked() : m.folded_words();
  if (message.once) return m.excerpt_view_once();
  const said = blocks(message.body).trim();
  if (said) return said.length > LONGEST ? `${said.slice(0, LONGEST)} …` : said;
  if (message.poll) return m.excerpt_poll({ question: message.poll.question });
  return message.files.length > 0 ? ofFiles(message.files) : message.text;
}

/** The same of a message that is shown no more. */
export function excerptOfGone(message: GoneMessage): string {
  const said = message.text.trim();
  if (said) return said.length > LONGEST ? `${said.slice(0, LONGEST)} …` : said;
  return message.poll ? m.excerpt_poll({ question: message.poll }) : ofFiles(message.files);
}

function ofFiles(files: FileInfo[]): string {
  const file = files[0];
  if (!file) return "";
  if (files.length > 1) return m.excerpt_files({ n: files.length });
  if (file.kind === "picture") return m.excerpt_picture();
  if (file.kind === "audio") return m.excerpt_audio();
  if (file.kind === "video") return m.excerpt_video();
  return file.name;
}

export function line(item: Item, people: Named[] = []): string {
  return item.kind === "note" ? noteInWords(item, people) : excerpt(item);
}

export function blocks(body: Block[]): string {
  return body.map(block).join(" ");
}

function block(b: Block): string {
  switch (b.t) {
    case "paragraph":
    case "heading":
      return inlines(b.c);
    case "quote":
      return blocks(b.c);
    case "list":
      return b.items.map(blocks).join(", ");
    case "code":
      return b.text;
    case "rule":
      return "";
  }
}

function inlines(c: Inline[]): string {
  return c.map(inline).join("");
}

function inline(i: Inline): string {
  if (i.t === "break") return " ";
  return "c" in i ? inlines(i.c) : i.text;
}
