import { describe, expect, it } from "vitest";
import { isNumber, plainNumber } from "../src/text/number";

describe("a phone number", () => {
  it.each([
    ["+49 151 23456789", "+4915123456789"],
    [" +49-151.234/567 89 ", "+4915123456789"],
    ["0049 151 23456789", "+4915123456789"],
    ["+49 (0) 151 23456789", "+4915123456789"],
    ["\u2066+49 151 23456789\u2069", "+4915123456789"],
    ["+٤٩ ١٥١ ٢٣٤٥٦٧٨٩", "+4915123456789"],
    ["(0151) 23456789", "015123456789"],
  ])("is sent without what only helps the eye: %s", (typed, sent) => expect(plainNumber(typed)).toBe(sent));

  it("is told from a handle", () => {
    expect(["+49 151 23456789", "0151.234567"].every(isNumber)).toBe(true);
    expect(["yuki", "@12345", "yuki2000", "1234", ""].some(isNumber)).toBe(false);
  });
});
