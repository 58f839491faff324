import { describe, expect, it } from "vitest";
import type { Block, Inline } from "../src/api/types";
import { beginning } from "../src/text/beginning";
import { blocks } from "../src/text/plain";

const text = (of: string): Inline => ({ t: "text", text: of });
const paragraph = (...c: Inline[]): Block => ({ t: "paragraph", c });
const lines = (n: number): Block => paragraph(...Array.from({ length: n }, (_, i) => [text(`${i}`), { t: "break" } as Inline]).flat().slice(0, -1));

describe("the beginning of a text", () => {
  it("is all of a short one", () => {
    expect(beginning([])).toBeUndefined();
    expect(beginning([paragraph(text("a".repeat(1_500)))])).toBeUndefined();
    expect(beginning([lines(20)])).toBeUndefined();
    expect(beginning(Array.from({ length: 20 }, () => paragraph(text("a"))))).toBeUndefined();
    expect(beginning([{ t: "code", lang: "", text: "x\n".repeat(20) }])).toBeUndefined();
  });

  it("ends after some lines, whatever they stand in", () => {
    const [shown] = beginning([lines(21)])!;
    expect(shown).toEqual(lines(14));
    expect(beginning(Array.from({ length: 21 }, () => paragraph(text("a"))))).toHaveLength(14);
    expect(beginning([{ t: "code", lang: "", text: "x\n".repeat(21) }])).toEqual([{ t: "code", lang: "", text: Array(14).fill("x").join("\n") }]);
    const list: Block = { t: "list", start: null, items: Array.from({ length: 30 }, () => [paragraph(text("a"))]) };
    expect((beginning([list])![0] as { items: Block[][] }).items).toHaveLength(14);
    const quote: Block = { t: "quote", c: [lines(40)] };
    expect(blocks(beginning([quote])!)).toBe(Array.from({ length: 14 }, (_, i) => `${i}`).join(" "));
  });

  it("ends after some characters, with a whole word", () => {
    const said = blocks(beginning([paragraph(text("word ".repeat(400)))])!);
    expect(said.endsWith("word …")).toBe(true);
    expect(said.length).toBeLessThan(1_010);
    const one = blocks(beginning([paragraph(text("\u{1F600}".repeat(2_000)))])!);
    expect(one).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
  });

  it("has nothing after what was cut", () => {
    const shown = beginning([paragraph(text("a".repeat(2_000))), paragraph(text("after"))])!;
    expect(blocks(shown)).not.toContain("after");
  });
});
