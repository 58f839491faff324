// What is being written: text, files, mentions, how long it lasts; and sending it. It stays in memory while another conversation
// is open, as the process keeps only the words of it.
import { m } from "../../paraglide/messages.js";
import * as api from "../../api/messages";
import type { Message, NewMessage, Person, Room } from "../../api/types";
import { draftOf, isSaving, keepDraft } from "../../state/drafts.svelte";
import { failed, tell } from "../../state/notices.svelte";
import { openTimeline } from "../../state/open.svelte";
import { blockers, roomKey, rooms } from "../../state/rooms.svelte";
import { Attachment } from "../../state/transfers.svelte";
import { iPause, iWrite } from "../../state/typing.svelte";
import { list } from "../../text/format";
import { apart, called } from "../../text/names";
import type { Talk } from "./talk.svelte";

export const TIMERS = [300, 3_600, 28_800, 86_400, 604_800, 2_419_200];

/** All that one message takes with it, as it was when it was sent. */
interface Taken {
  text: string;
  attachments: Attachment[];
  replyTo: Message | undefined;
  timer: number;
  once: boolean;
  mentioned: Map<string, string>;
}

const all = new Map<string, Composition>();

/** What is being written in this conversation, as it was when it was last left. */
export function compositionOf(talk: Talk, room: Room): Composition {
  for (const [key, one] of all) if (one.idle) all.delete(key);
  const known = all.get(roomKey(room));
  known?.goOn(talk, room);
  const one = known ?? new Composition(talk, room);
  all.set(roomKey(room), one);
  return one;
}

/** Whether files, or a recording, would go with this window. */
export function wouldLose(): boolean {
  return [...all.values()].some((one) => one.wouldLose);
}

export class Composition {
  text = $state("");
  attachments = $state.raw<Attachment[]>([]);
  /** Messages that were sent and whose files are still handed over. */
  leaving = $state.raw<Taken[]>([]);
  /** Seconds after which this one message disappears; 0 leaves it to the conversation. */
  timer = $state(0);
  viewOnce = $state(false);
  sending = $state(false);
  /** A voice note is being recorded, and what becomes of it is not decided. */
  recording = false;
  private mentioned = new Map<string, string>();
  private edited: Message | undefined;
  /** What stood in the field before a message was edited. */
  private draft = "";
  /** What the process keeps of this, as far as this window knows. */
  private kept: string;
  private readonly filesTurn = new Turn();
  private readonly turn = new Turn();

  constructor(
    private talk: Talk,
    room: Room,
  ) {
    this.text = draftOf(room);
    this.kept = room.draft ?? "";
  }

  /** The conversation was opened again. What was edited or answered there may be gone by now: that is begun anew. */
  goOn(talk: Talk, room: Room): void {
    this.talk = talk;
    this.edits(undefined);
    // While something is leaving, the process keeps words that are not for the field.
    if (this.leaving.length > 0) return;
    this.text = draftOf(room);
    this.kept = room.draft ?? "";
  }

  get wouldLose(): boolean {
    const room = rooms.get(this.talk.place);
    return room !== undefined && room.state !== "left" && (this.recording || this.attachments.length + this.leaving.length > 0);
  }

  /** Nothing of it is anywhere else than where the process keeps it. */
  get idle(): boolean {
    return this.empty && this.leaving.length === 0 && !this.recording && !this.viewOnce && this.timer === 0;
  }

  get empty(): boolean {
    return this.text.trim() === "" && this.attachments.length === 0;
  }

  wrote(): void {
    if (this.talk.editing) return;
    this.keep();
    if (this.text.trim()) iWrite(this.talk.place);
    else iPause(this.talk.place);
  }

  /** Another window has written on: taken over unless something was typed here since the two were the same. */
  takeDraft(draft: string): void {
    const untouched = this.text === this.kept && !this.talk.editing && this.leaving.length === 0 && !isSaving(this.talk.place);
    if (untouched) this.text = draft;
    if (this.text === draft) this.kept = draft;
  }

  /** What is edited is another one, or none: the draft steps aside for the first, and comes back after the last. */
  edits(message: Message | undefined): void {
    if (message === this.edited) return;
    if (!this.edited) this.draft = this.text;
    this.text = message?.text ?? this.draft;
    this.edited = message;
  }

  endEditing(): void {
    this.talk.editing = undefined;
    this.edits(undefined);
  }

  attach(files: File[], seconds?: number): Attachment[] {
    const added = files.map((file) => new Attachment(this.talk.place.account, file, seconds));
    this.attachments = [...this.attachments, ...added];
    return added;
  }

  /** The conversation was left while somebody spoke: what was said is for them to send, or to take out. */
  keepRecording(file: File | undefined, seconds: number): void {
    this.recording = false;
    if (!file) return;
    this.attach([file], seconds);
    tell(m.recording_kept({ name: apart(rooms.get(this.talk.place)?.title ?? "") }));
  }

  detach(attachment: Attachment): void {
    attachment.takeBack();
    this.attachments = this.attachments.filter((one) => one !== attachment);
  }

  mention(person: Person): string {
    const written = `@${called(person)}`;
    this.mentioned.set(person.user, written);
    return written;
  }

  async send(): Promise<boolean> {
    if (this.sending || this.empty || this.refused()) return false;
    try {
      await (this.talk.editing ? this.sendEdit(this.talk.editing) : this.sendNew());
      return true;
    } catch (error) {
      failed(error);
      return false;
    }
  }

  /** Says why nothing can be sent, and to whom the person should look. */
  private refused(): boolean {
    const room = rooms.get(this.talk.place);
    const names = room ? blockers(room).map((person) => apart(called(person))) : [];
    if (names.length > 0) tell(m.blocked_decide_first({ names: list(names) }));
    return names.length > 0;
  }

  private async sendEdit(message: Message): Promise<void> {
    this.sending = true;
    try {
      if (this.text.trim() !== message.text) await api.edit(this.talk.place, message.message, this.text.trim());
    } finally {
      this.sending = false;
    }
    if (this.talk.editing === message) this.endEditing();
  }

  private async sendNew(): Promise<void> {
    const taken = this.takeAll();
    try {
      await this.handOver(taken);
    } catch (error) {
      this.putBack(taken);
      if (taken.attachments.some((attachment) => attachment.isOut)) return;
      throw error;
    }
    taken.attachments.forEach((attachment) => attachment.forget());
    // By the time that its files are there, another conversation may be open.
    if (openTimeline() !== this.talk.timeline) return;
    this.talk.timeline.answered();
    await this.talk.showNewest();
  }

  /** Everything as it is now: the field belongs to the next message, which who writes fast has begun before this one is there. */
  private takeAll(): Taken {
    const { talk, attachments, timer, viewOnce: once, mentioned } = this;
    const taken = { text: this.text.trim(), attachments, replyTo: talk.replyTo, timer, once, mentioned };
    if (attachments.length > 0) this.leaving = [...this.leaving, taken];
    this.text = "";
    this.attachments = [];
    this.timer = 0;
    this.viewOnce = false;
    this.mentioned = new Map();
    talk.replyTo = undefined;
    iPause(talk.place);
    this.keep();
    return taken;
  }

  private async handOver(taken: Taken): Promise<void> {
    const message = asMessage(taken);
    if (taken.attachments.length > 0) {
      const files = allThere(taken.attachments);
      // In their turn, but what is taken out stops at once.
      [message.files] = await Promise.all([files, this.filesTurn.after(() => files)]);
      this.noLongerLeaving(taken);
    }
    await this.turn.after(() => api.send(this.talk.place, message));
  }

  private noLongerLeaving(taken: Taken): void {
    this.leaving = this.leaving.filter((one) => one !== taken);
    this.keep();
  }

  private putBack(taken: Taken): void {
    if (this.edited) this.draft = joined(taken.text, this.draft);
    else this.text = joined(taken.text, this.text);
    this.attachments = [...taken.attachments.filter((attachment) => !attachment.isOut), ...this.attachments];
    this.mentioned = new Map([...taken.mentioned, ...this.mentioned]);
    this.timer ||= taken.timer;
    this.viewOnce ||= taken.once;
    this.talk.replyTo ??= taken.replyTo;
    this.noLongerLeaving(taken);
  }

  /** With what is still leaving: only when its files are there does the process keep its text. */
  private keep(): void {
    keepDraft(this.talk.place, joined(...this.leaving.map((one) => one.text), this.edited ? this.draft : this.text));
  }

}

/** One after the other, so that they arrive as they were written. */
class Turn {
  private last: Promise<unknown> = Promise.resolve();

  async after<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work);
    this.last = turn.catch(() => {});
    return turn;
  }
}

function asMessage({ text, replyTo, timer, once, mentioned }: Taken): NewMessage {
  const message: NewMessage = {};
  if (text) message.text = text;
  if (replyTo) message.reply_to = replyTo.message;
  if (timer > 0) message.expires_seconds = timer;
  if (once) message.view_once = true;
  const mentions = [...mentioned].filter(([, written]) => text.includes(written)).map(([user]) => user);
  if (mentions.length > 0) message.mentions = mentions;
  return message;
}

/** The uploads, once all are there; fails as soon as one is taken out. */
async function allThere(attachments: Attachment[]): Promise<string[]> {
  return Promise.race([Promise.all(attachments.map((attachment) => attachment.done)), ...attachments.map((attachment) => attachment.takenOut)]);
}

const joined = (...texts: string[]) => texts.filter(Boolean).join("\n");
