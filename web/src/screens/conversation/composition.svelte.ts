// What is being written: text, files, mentions, how long it lasts; and sending it.
import { m } from "../../paraglide/messages.js";
import * as api from "../../api/messages";
import type { Message, NewMessage, Person, Room } from "../../api/types";
import { draftOf, isSaving, keepDraft } from "../../state/drafts.svelte";
import { failed, tell } from "../../state/notices.svelte";
import { blockers, rooms } from "../../state/rooms.svelte";
import { Attachment } from "../../state/transfers.svelte";
import { iPause, iWrite } from "../../state/typing.svelte";
import { list } from "../../text/format";
import { apart, called } from "../../text/names";
import type { Talk } from "./talk.svelte";

export const TIMERS = [300, 3_600, 28_800, 86_400, 604_800, 2_419_200];

export class Composition {
  text = $state("");
  attachments = $state.raw<Attachment[]>([]);
  /** Seconds after which this one message disappears; 0 leaves it to the conversation. */
  timer = $state(0);
  viewOnce = $state(false);
  sending = $state(false);
  private mentioned = new Map<string, string>();
  private edited: Message | undefined;
  /** What stood in the field before a message was edited. */
  private draft = "";
  /** What the process keeps of this, as far as this window knows. */
  private kept: string;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly talk: Talk,
    room: Room,
  ) {
    this.text = draftOf(room);
    this.kept = room.draft ?? "";
  }

  get empty(): boolean {
    return this.text.trim() === "" && this.attachments.length === 0;
  }

  wrote(): void {
    if (this.talk.editing) return;
    keepDraft(this.talk.place, this.text);
    if (this.text.trim()) iWrite(this.talk.place);
    else iPause(this.talk.place);
  }

  /** Another window has written on: taken over unless something was typed here since the two were the same. */
  takeDraft(draft: string): void {
    const untouched = this.text === this.kept && !this.talk.editing && !this.sending && !isSaving(this.talk.place);
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
    if (this.text.trim() !== message.text) await this.meanwhile(api.edit(this.talk.place, message.message, this.text.trim()));
    if (this.talk.editing === message) this.endEditing();
  }

  private async sendNew(): Promise<void> {
    const { place, timeline } = this.talk;
    const sent = this.attachments;
    const message: NewMessage = {};
    if (sent.length > 0) message.files = await this.meanwhile(Promise.all(sent.map((attachment) => attachment.done)));
    const once = this.viewOnce;
    if (once) message.view_once = true;
    const { replyTo } = this.talk;
    const text = this.text.trim();
    if (text) message.text = text;
    if (replyTo) message.reply_to = replyTo.message;
    const mentions = [...this.mentioned].filter(([, written]) => text.includes(written)).map(([user]) => user);
    if (mentions.length > 0) message.mentions = mentions;
    const { timer } = this;
    if (timer > 0) message.expires_seconds = timer;
    iPause(place);
    // From here on the field belongs to the next message: who writes fast has begun it before this one is taken.
    this.text = "";
    this.attachments = this.attachments.filter((one) => !sent.includes(one));
    this.viewOnce = false;
    this.timer = 0;
    this.mentioned.clear();
    this.talk.replyTo = undefined;
    keepDraft(place, "");
    try {
      await this.after(() => api.send(place, message));
    } catch (error) {
      this.viewOnce ||= once;
      this.timer ||= timer;
      this.putBack(text, sent, replyTo);
      throw error;
    }
    sent.forEach((attachment) => attachment.forget());
    timeline.answered();
    await this.talk.showNewest();
  }

  private async meanwhile<T>(work: Promise<T>): Promise<T> {
    this.sending = true;
    try {
      return await work;
    } finally {
      this.sending = false;
    }
  }

  /** One after the other, so that they arrive as they were written. */
  private async after<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.turn.then(work);
    this.turn = turn.catch(() => {});
    return turn;
  }

  private putBack(text: string, attachments: Attachment[], replyTo: Message | undefined): void {
    this.text = [text, this.text].filter(Boolean).join("\n");
    this.attachments = [...attachments, ...this.attachments];
    this.talk.replyTo ??= replyTo;
    keepDraft(this.talk.place, this.text);
  }
}
