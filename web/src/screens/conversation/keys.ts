// What keys do on a message that has the focus.
import type { Message } from "../../api/types";
import { chosen } from "../../state/settings.svelte";
import { askToUnsend, copyText, mayEdit, mayUnsend } from "./actions";
import type { Talk } from "./talk.svelte";

export function messageKeys(event: KeyboardEvent, message: Message, talk: Talk, article: HTMLElement): void {
  if (message.unsent) return;
  // What opens, opens at what was said, not at the whole row.
  const anchor = article.querySelector<HTMLElement>(".bubble") ?? article;
  const done = event.ctrlKey || event.metaKey ? withControl(event, message) : plain(event, message, talk, anchor);
  if (done) event.preventDefault();
}

function withControl(event: KeyboardEvent, message: Message): boolean {
  if (event.key.toLowerCase() !== "c" || window.getSelection()?.toString()) return false;
  void copyText([message]);
  return true;
}

function plain(event: KeyboardEvent, message: Message, talk: Talk, anchor: HTMLElement): boolean {
  switch (event.key) {
    case "Enter":
    case "ContextMenu":
      talk.menu = { message, anchor };
      return true;
    case "Delete":
      if (mayUnsend(message)) askToUnsend([message], talk);
      return true;
    case " ":
      talk.select(message);
      return true;
    case "Escape":
      if (talk.selecting) talk.endSelecting();
      // With nowhere to write, one goes back to where one came from.
      else if (!talk.maySend) return false;
      else talk.focusComposer();
      event.stopPropagation();
      return true;
  }
  return chosen.singleKeys && letter(event.key.toLowerCase(), message, talk, anchor);
}

function letter(key: string, message: Message, talk: Talk, anchor: HTMLElement): boolean {
  if (key === "r" && talk.maySend) talk.reply(message);
  else if (key === "e" && talk.maySend && mayEdit(message)) talk.edit(message);
  else if ((key === "+" || key === "l") && talk.mayReact) talk.reacting = { message, anchor };
  else return false;
  return true;
}
