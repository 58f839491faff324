// The beginning of a long text: what a message shows before somebody asks for all of it.
import type { Block, Inline } from "../api/types";

/** A text no longer than this is shown at once. */
const FITS = { lines: 20, characters: 1_500 };
/** What is shown of one that is: less, so that asking for the rest is worth it. */
const SHOWN = { lines: 14, characters: 1_000 };

interface Left {
  lines: number;
  characters: number;
  cut: boolean;
}

/** The beginning of a text, or nothing if it is short enough to be shown as it is. */
export function beginning(body: Block[]): Block[] | undefined {
  const whole = { ...FITS, cut: false };
  blocks(body, whole);
  return whole.cut ? blocks(body, { ...SHOWN, cut: false }) : undefined;
}

function blocks(all: Block[], left: Left): Block[] {
  return taken(all, left, (one) => block(one, left));
}

function block(one: Block, left: Left): Block | undefined {
  switch (one.t) {
    case "paragraph":
    case "heading":
      return starts(left) ? { ...one, c: inlines(one.c, left) } : undefined;
    case "quote": {
      const c = blocks(one.c, left);
      return left.cut && c.length === 0 ? undefined : { ...one, c };
    }
    case "list": {
      const items = taken(one.items, left, (item) => {
        const shown = blocks(item, left);
        return left.cut && shown.length === 0 ? undefined : shown;
      });
      return left.cut && items.length === 0 ? undefined : { ...one, items };
    }
    case "code":
      return starts(left) ? { ...one, text: code(one.text, left) } : undefined;
    case "rule":
      return starts(left) ? one : undefined;
  }
}

function inlines(c: Inline[], left: Left): Inline[] {
  return taken(c, left, (one) => inline(one, left));
}

function inline(one: Inline, left: Left): Inline | undefined {
  if (one.t === "break") return starts(left) ? one : undefined;
  if ("c" in one) return { ...one, c: inlines(one.c, left) };
  return one.t === "text" || one.t === "code" ? { ...one, text: words(one.text, left) } : one;
}

function code(text: string, left: Left): string {
  const lines = text.replace(/\n$/, "").split("\n");
  const shown = lines.slice(0, left.lines + 1);
  left.lines -= shown.length - 1;
  left.cut ||= shown.length < lines.length;
  return words(shown.join("\n"), left);
}

/** Ends with a whole word where there is one. */
function words(text: string, left: Left): string {
  if (text.length <= left.characters) {
    left.characters -= text.length;
    return text;
  }
  const part = text.slice(0, left.characters);
  const space = part.lastIndexOf(" ");
  left.characters = 0;
  left.cut = true;
  return `${space > part.length - 40 ? part.slice(0, space) : part.replace(/[\uD800-\uDBFF]$/, "")} …`;
}

/** Whether one more line may be begun. */
function starts(left: Left): boolean {
  if (left.lines === 0) left.cut = true;
  else left.lines -= 1;
  return !left.cut;
}

/** As many as there is room for. */
function taken<T>(all: T[], left: Left, take: (one: T) => T | undefined): T[] {
  const shown: T[] = [];
  for (const one of all) {
    const some = left.cut ? undefined : take(one);
    if (some === undefined) {
      left.cut = true;
      break;
    }
    shown.push(some);
  }
  return shown;
}
