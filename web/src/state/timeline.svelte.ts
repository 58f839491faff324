// The timeline of the open conversation: a window that grows in both directions.
import * as api from "../api/messages";
import type { Place } from "../api/rooms";
import type { Item, Message, TimelinePage } from "../api/types";
import { comparePositions } from "./window";
import * as win from "./window";

const PAGE = 60;
const KEEP = 400;

export class Timeline {
  window = $state.raw<win.Window>(win.empty);
  loading = $state<"first" | "before" | "after" | undefined>("first");
  failure = $state.raw<unknown>(undefined);
  /** The first message that was unread when the conversation was opened: the line stays there while the person reads. */
  unreadFrom = $state<string | undefined>(undefined);
  unreadCount = $state(0);
  /** Set while items come or go before the others, for the virtual list to keep what is looked at in its place. */
  shifting = $state(false);
  /** Counts the stretches that were loaded anew: what was asked for before belongs to another one. */
  private stretch = 0;
  /** What events changed while something is loaded, which may have been read before. */
  private meanwhile: ((window: win.Window) => win.Window)[] = [];

  constructor(readonly place: Place) {}

  get items(): Item[] {
    return this.window.items;
  }

  async open(unread: number, around?: string): Promise<void> {
    await this.load(around === undefined ? { limit: Math.min(200, Math.max(PAGE, unread + 20)) } : { around, limit: PAGE });
    this.drawUnreadLine();
  }

  /** After a gap in the events: the same stretch once more, with what came meanwhile. */
  async again(): Promise<void> {
    const middle = this.items.at(-1);
    const atEnd = !this.window.moreAfter;
    if (atEnd || middle?.kind !== "message") await this.load({ limit: Math.min(200, Math.max(PAGE, this.items.length)) });
    else await this.load({ around: middle.message, limit: PAGE });
  }

  async newest(): Promise<void> {
    if (this.window.moreAfter) await this.load({ limit: PAGE });
  }

  async older(): Promise<void> {
    const first = this.items[0];
    if (this.loading || !this.window.moreBefore || !first) return;
    await this.while("before", { before: first.position, limit: PAGE }, (page) => {
      this.shifting = true;
      return win.prepend(this.window, page);
    });
  }

  async newer(): Promise<void> {
    const last = this.items.at(-1);
    if (this.loading || !this.window.moreAfter || !last) return;
    await this.while("after", { after: last.position, limit: PAGE }, (page) => {
      this.shifting = false;
      return win.append(this.window, page);
    });
  }

  /** Called when the list has drawn: what is far away may go. */
  drawn(readingNear: "start" | "end"): void {
    this.shifting = false;
    if (this.items.length <= KEEP + PAGE || this.loading) return;
    this.shifting = readingNear === "end";
    this.window = readingNear === "end" ? win.forgetBefore(this.window, KEEP) : win.forgetAfter(this.window, KEEP);
  }

  take(item: Item): win.Placed {
    const { window, placed } = win.upsert(this.window, item);
    this.shifting = false;
    this.window = window;
    if (this.loading) this.meanwhile.push((loaded) => win.upsert(loaded, item).window);
    return placed;
  }

  gone(message: string): void {
    this.shifting = false;
    this.window = win.without(this.window, message);
    if (this.loading) this.meanwhile.push((loaded) => win.without(loaded, message));
  }

  find(message: string): number {
    return this.items.findIndex((item) => item.kind === "message" && item.message === message);
  }

  /** Own messages end the line of unread ones: whoever answers has read. */
  answered(): void {
    this.unreadFrom = undefined;
  }

  lastUnread(): Message | undefined {
    return this.items.findLast((item): item is Message => item.kind === "message" && item.unread);
  }

  /** What reading through `position` leaves unread in this window. */
  readThrough(position: Item["position"]): void {
    const items = this.items.map((item) =>
      item.kind === "message" && item.unread && comparePositions(item.position, position) <= 0 ? { ...item, unread: false } : item,
    );
    this.window = { ...this.window, items };
  }

  private async load(window: api.Window): Promise<void> {
    this.stretch += 1;
    await this.while("first", window, (page) => {
      this.shifting = false;
      return win.fromPage(page);
    });
  }

  private drawUnreadLine(): void {
    const unread = this.items.filter((item): item is Message => item.kind === "message" && item.unread && !item.mine);
    this.unreadFrom = unread[0]?.message;
    this.unreadCount = unread.length;
  }

  private async while(what: "first" | "before" | "after", window: api.Window, placed: (page: TimelinePage) => win.Window): Promise<void> {
    const { stretch } = this;
    this.loading = what;
    this.failure = undefined;
    this.meanwhile = [];
    try {
      const page = await api.timeline(this.place, window);
      if (stretch === this.stretch) this.window = this.meanwhile.reduce((loaded, change) => change(loaded), placed(page));
    } catch (error) {
      if (stretch === this.stretch) this.failure = error;
    } finally {
      if (stretch === this.stretch) this.loading = undefined;
    }
  }
}
