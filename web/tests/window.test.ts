import { describe, expect, it } from "vitest";
import type { Item, Message } from "../src/api/types";
import * as win from "../src/state/window";

const at = (n: number) => n.toString(16).padStart(32, "0");

function message(n: number, more: Partial<Message> = {}): Message {
  return {
    kind: "message", message: `m${n}`, position: at(n), sender: "mimi://a.example/u/1", name: "Ada", mine: false, at: n, body: [], cut: false, quiet: false, text: `${n}`,
    emoji_only: false, unsent: false, reactions: [], files: [], unsupported: [], delivered: 0, read: 0, mentions_me: false, unread: false, ...more,
  };
}

const note = (n: number): Item => ({ kind: "note", position: at(n), at: n, what: "joined", text: "", tone: "plain" });
const page = (numbers: number[], before = false, after = false) => ({ items: numbers.map((n) => message(n)), more_before: before, more_after: after });
const order = (window: win.Window) => window.items.map((item) => Number.parseInt(item.position, 16));

describe("a window of a timeline", () => {
  it("joins pages that overlap without doubling anything", () => {
    let window = win.fromPage(page([5, 6, 7], true, true));
    window = win.prepend(window, page([3, 4, 5], false, true));
    window = win.append(window, page([7, 8], true, false));
    expect(order(window)).toEqual([3, 4, 5, 6, 7, 8]);
    expect(window).toMatchObject({ moreBefore: false, moreAfter: false });
  });

  it("keeps what an event told over an older answer that came late", () => {
    const edited = win.upsert(win.fromPage(page([5], true)), message(5, { text: "edited" })).window;
    const window = win.prepend(edited, page([4, 5]));
    expect(window.items.map((item) => item.kind === "message" && item.text)).toEqual(["4", "edited"]);
  });

  it("appends what is new at the end, and only there if the end is loaded", () => {
    expect(win.upsert(win.fromPage(page([1])), message(2)).placed).toBe("appended");
    const cut = win.fromPage(page([1], false, true));
    expect(win.upsert(cut, message(2))).toEqual({ window: cut, placed: "outside" });
  });

  it("leaves out what is older than the loaded beginning", () => {
    const window = win.fromPage(page([5], true));
    expect(win.upsert(window, message(2)).placed).toBe("outside");
    expect(order(win.upsert(win.fromPage(page([5])), message(2)).window)).toEqual([2, 5]);
  });

  it("moves an own message that the hub has given another place", () => {
    const { window, placed } = win.upsert(win.fromPage(page([1, 2, 3])), message(2, { position: at(9) }));
    expect(placed).toBe("replaced");
    expect(order(window)).toEqual([1, 3, 9]);
  });

  it("knows notes by their place, and takes out what is gone", () => {
    let window = win.upsert(win.fromPage(page([1, 3])), note(2)).window;
    window = win.upsert(window, note(2)).window;
    expect(order(window)).toEqual([1, 2, 3]);
    expect(order(win.without(window, "m3"))).toEqual([1, 2]);
  });

  it("forgets the far end and says that there is more", () => {
    const window = win.fromPage(page([1, 2, 3, 4]));
    expect(win.forgetAfter(window, 2)).toMatchObject({ moreAfter: true });
    expect(order(win.forgetAfter(window, 2))).toEqual([1, 2]);
    expect(win.forgetAfter(window, 9)).toBe(window);
    expect(win.forgetBefore(window, 3)).toMatchObject({ moreBefore: true, moreAfter: false });
    expect(order(win.forgetBefore(window, 3))).toEqual([2, 3, 4]);
    expect(win.forgetBefore(window, 4)).toBe(window);
  });

  it("stays as long as it is, however far somebody goes up and down again", () => {
    const [all, size, keep] = [2_000, 60, 400];
    let window = win.fromPage(page([...Array(size).keys()].map((i) => all - size + i), true, false));
    while (window.moreBefore) {
      const first = order(window)[0]!;
      window = win.prepend(window, page([...Array(size).keys()].map((i) => first - size + i).filter((n) => n >= 0), first > size));
      window = win.forgetAfter(window, keep);
      expect(window.items.length).toBeLessThanOrEqual(keep);
    }
    while (window.moreAfter) {
      const last = order(window).at(-1)!;
      window = win.append(window, page([...Array(size).keys()].map((i) => last + 1 + i).filter((n) => n < all), true, last + size < all - 1));
      window = win.forgetBefore(window, keep);
      expect(window.items.length).toBeLessThanOrEqual(keep);
      expect(order(window)).toEqual(order(window).map((_, i) => order(window)[0]! + i));
    }
    expect(order(window).at(-1)).toBe(all - 1);
    expect(window.moreBefore).toBe(true);
  });
});
