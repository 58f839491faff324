// What is going on in the open conversation besides its timeline: what is answered, edited, selected, pointed at.
import { SvelteMap, SvelteSet } from "svelte/reactivity";
import { roomDetail, type Place } from "../../api/rooms";
import type { FirstContact, Item, May, Message, Person, Position, Room } from "../../api/types";
import { readThrough } from "../../api/messages";
import { rooms } from "../../state/rooms.svelte";
import { calledNow } from "../../text/names";
import { Timeline } from "../../state/timeline.svelte";
import { comparePositions } from "../../state/window";

export interface Scroller {
  to(message: string): void;
  toEnd(): void;
  focusEnd(): void;
}

export class Talk {
  readonly place: Place;
  readonly timeline: Timeline;
  scroller: Scroller | undefined;

  replyTo = $state.raw<Message | undefined>(undefined);
  editing = $state.raw<Message | undefined>(undefined);
  selecting = $state(false);
  selected = new SvelteMap<string, Message>();
  /** Long messages of which all is shown: they stay so when they leave the view. */
  unfolded = new SvelteSet<string>();
  /** Folded messages that the person looks at all the same. */
  revealed = new SvelteSet<string>();
  /** The message whose menu, or whose choice of reactions, is open, and where. */
  menu = $state.raw<{ message: Message; anchor: HTMLElement } | undefined>(undefined);
  reacting = $state.raw<{ message: Message; anchor: HTMLElement } | undefined>(undefined);
  /** The message that was jumped to; it is marked for a moment. */
  marked = $state<string | undefined>(undefined);
  /** The message that the arrow keys are at. */
  current = $state<string | undefined>(undefined);
  focusComposer: () => void = () => {};
  private read: Position | undefined;

  /** Those whom the list of rooms does not name, as it names a few only. */
  private members = $state.raw<Person[]>([]);
  /** What this person may do here, once the process has said so. */
  may = $state.raw<May | undefined>(undefined);
  /** What to know of whoever has just come. */
  first = $state.raw<FirstContact | undefined>(undefined);

  constructor(room: Room) {
    this.place = { account: room.account, room: room.room };
    this.timeline = new Timeline(this.place);
  }

  /** Everybody here, to be mentioned, by the names that they have by now. */
  get people(): Person[] {
    const named = rooms.get(this.place)?.people ?? [];
    const known = new Set(named.map((person) => person.user));
    return [...named, ...this.members.filter((person) => !known.has(person.user))];
  }

  person(user: string): Person | undefined {
    const is = (person: Person) => person.user === user;
    return rooms.get(this.place)?.people.find(is) ?? this.members.find(is);
  }

  called(given: string, user: string): string {
    return calledNow(given, user, this.person(user));
  }

  async loadDetail(): Promise<void> {
    const { members, may, first_contact } = await roomDetail(this.place);
    this.first = first_contact ?? undefined;
    this.members = members.map((member) => member.person);
    this.may = may;
  }

  /** Whether there is a place to write. While keys are not proven there is, and what is sent waits; while a key is another one there is, and nothing can be sent. */
  get maySend(): boolean {
    const room = rooms.get(this.place);
    if (!room || room.request || room.state === "left" || room.state === "leaving") return false;
    return !room.announcement || Boolean(this.may?.send || this.may?.manage);
  }

  /** React and vote: also where only admins write. */
  get mayReact(): boolean {
    const room = rooms.get(this.place);
    return room !== undefined && !room.request && room.state === "open" && (!room.announcement || (this.may?.react ?? true));
  }

  reply(message: Message): void {
    this.editing = undefined;
    this.replyTo = message;
    this.focusComposer();
  }

  edit(message: Message): void {
    this.replyTo = undefined;
    this.editing = message;
    this.focusComposer();
  }

  select(message: Message): void {
    this.selecting = true;
    if (this.selected.has(message.message)) this.selected.delete(message.message);
    else this.selected.set(message.message, message);
    if (this.selected.size === 0) this.selecting = false;
  }

  endSelecting(): void {
    this.selecting = false;
    this.selected.clear();
  }

  /** What had the focus is gone: on to where one writes, or to the newest message. */
  refocus(): void {
    if (this.maySend && !this.selecting) this.focusComposer();
    else this.scroller?.focusEnd();
  }

  /** Shows a message, wherever in the past it is. */
  async show(message: string): Promise<void> {
    if (this.timeline.find(message) < 0) await this.timeline.open(0, message);
    this.scroller?.to(message);
    this.marked = message;
    setTimeout(() => {
      if (this.marked === message) this.marked = undefined;
    }, 2_000);
  }

  async showNewest(): Promise<void> {
    await this.timeline.newest();
    this.scroller?.toEnd();
  }

  /** The person has seen everything up to this item. */
  saw(item: Item): void {
    // Whoever is only asked has not read for the others: what was seen then counts once they accept.
    if (rooms.get(this.place)?.request) return;
    if (this.read !== undefined && comparePositions(item.position, this.read) <= 0) return;
    const unread = this.timeline.items.some((one) => one.kind === "message" && one.unread && comparePositions(one.position, item.position) <= 0);
    if (!unread) return;
    this.read = item.position;
    this.timeline.readThrough(item.position);
    readThrough(this.place, item.position).catch(() => (this.read = undefined));
  }
}
