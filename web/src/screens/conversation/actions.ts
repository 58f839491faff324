// What can be done with messages: the same from the menu, from keys and from a selection.
import { tick } from "svelte";
import { m } from "../../paraglide/messages.js";
import { unsend } from "../../api/messages";
import type { Message } from "../../api/types";
import type { Choice } from "../../parts/Menu.svelte";
import { ask, show } from "../../state/dialogs.svelte";
import { failed, tell } from "../../state/notices.svelte";
import { list } from "../../text/format";
import { apart, senderOf } from "../../text/names";
import type { Talk } from "./talk.svelte";

/** How much of a message is said to name it. */
const SAID = 80;

export const mayEdit = (message: Message) => message.mine && !message.unsent && !message.poll && message.text !== "" && message.state !== "failed";
export const mayUnsend = (message: Message) => message.mine && !message.unsent && message.state !== "failed";
export const mayForward = (message: Message) => !message.unsent && !message.once && !message.poll && !message.timer;

export function messageChoices(message: Message, talk: Talk, anchor: HTMLElement): Choice[] {
  const choices: (Choice | false)[] = [
    talk.mayReact && { label: m.react(), icon: "emoji", run: () => (talk.reacting = { message, anchor }) },
    talk.maySend && { label: m.reply(), icon: "reply", run: () => talk.reply(message) },
    mayForward(message) && { label: m.forward(), icon: "forward", run: () => show({ name: "forward", place: talk.place, messages: [message] }) },
    message.text !== "" && { label: m.copy(), icon: "copy", run: () => void copyText([message]) },
    talk.maySend && mayEdit(message) && { label: m.edit(), icon: "edit", run: () => talk.edit(message) },
    Boolean(message.edited) && { label: m.history(), icon: "clock", run: () => show({ name: "history", place: talk.place, message }) },
    { label: m.select(), icon: "select", run: () => talk.select(message) },
    !message.mine && {
      label: m.report(),
      icon: "warning",
      run: () => show({ name: "report", place: talk.place, user: message.sender, called: message.name, message: message.message }),
    },
    mayUnsend(message) && { label: m.unsend(), icon: "trash", danger: true, run: () => askToUnsend([message], talk) },
  ];
  return choices.filter((choice) => choice !== false);
}

export function askToUnsend(messages: Message[], talk: Talk): void {
  ask({
    title: m.unsend_title({ n: messages.length }),
    text: m.unsend_text(),
    yes: m.unsend(),
    danger: true,
    run: () => {
      for (const message of messages) unsend(talk.place, message.message).catch(failed);
      talk.endSelecting();
    },
  });
}

/** What a message is about that was not sent: its words, or its files. */
export function whatOf(message: { text: string; files: { name: string }[] }): string {
  const said = message.text.trim();
  if (said) return apart(said.length > SAID ? `${said.slice(0, SAID)} …` : said);
  return list(message.files.map((file) => apart(file.name)));
}

/** Of a message that was not sent. Once it is gone, so is the button that was pressed: `then` says where to go on. */
export function askToDiscard(what: string, discard: () => Promise<unknown>, then: () => void): void {
  const run = () => void discard().then(tick).then(then).catch(failed);
  ask({ title: m.discard_title(), text: m.discard_text({ what }), yes: m.discard(), danger: true, run });
}

export async function copyText(messages: Message[]): Promise<void> {
  const lines = messages.length === 1 ? [messages[0]!.text] : messages.map((message) => `${senderOf(message)}: ${message.text}`);
  try {
    await navigator.clipboard.writeText(lines.join("\n"));
    tell(m.copied());
  } catch (error) {
    failed(error);
  }
}
