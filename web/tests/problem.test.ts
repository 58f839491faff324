// The process cannot refuse anything of which the page does not know what to say, in every language.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import { identifierInWords, PROBLEMS, problemInWords } from "../src/text/problem";

const document = JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8")) as {
  components: { schemas: { ProblemCode: { enum: string[] }; Problem: { properties: { code: { $ref?: string } } } } };
};
const codes = document.components.schemas.ProblemCode.enum;

describe("what the process refuses", () => {
  it("has a code of the one list", () => {
    expect(JSON.stringify(document.components.schemas.Problem.properties.code)).toContain("ProblemCode");
    expect(codes.length).toBeGreaterThan(40);
    expect(Object.keys(PROBLEMS).sort()).toEqual([...codes].sort());
  });

  it.each(["en", "de", "ar"] as const)("has its sentence in %s, and not in another language", (locale) => {
    overwriteGetLocale(() => locale);
    const said = codes.map((code) => problemInWords({ code, message: "as the process says it", limit: 7 }));
    for (const [index, sentence] of said.entries()) {
      expect(sentence, codes[index]).toMatch(/\S/);
      expect(sentence, codes[index]).not.toContain("as the process says it");
      if (locale === "ar") expect(sentence, codes[index]).toMatch(/\p{Script=Arabic}/u);
    }
    overwriteGetLocale(() => "en");
    const english = codes.map((code) => problemInWords({ code, limit: 7 }));
    if (locale !== "en") expect(said.filter((sentence) => english.includes(sentence))).toEqual([]);
    expect(problemInWords({ code: "file-size", limit: 7 })).toContain("7");
  });

  it("names the field where somebody says who they want to be", () => {
    overwriteGetLocale(() => "en");
    expect(identifierInWords("bad-identifier", "phone")).toContain("number");
    expect(identifierInWords("taken", "phone")).toContain("number");
    expect(identifierInWords("bad-identifier", "handle")).toMatch(/handle.*dots and underscores/);
    expect(identifierInWords("taken", "handle")).toMatch(/handle.*dots and underscores/);
    expect(identifierInWords("bad-identifier", "account")).toContain("account name");
    expect(identifierInWords("rate-limited", "phone")).toBeUndefined();
  });

  it("is said as the process says it only where the page does not know the code", () => {
    expect(problemInWords({ code: "of-a-later-version", message: "something new" })).toBe("Something new");
    expect(problemInWords({ code: "constructor", message: "x" })).toBe("X");
    expect(problemInWords({})).not.toBe("");
  });
});
