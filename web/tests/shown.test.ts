// Who reports a message sees all of it that will go, a link with where it leads.
import { expect, it, vi } from "vitest";
import type { GoneMessage, Message } from "../src/api/types";
import { overwriteGetLocale } from "../src/paraglide/runtime.js";
import { shown, shownOfGone } from "../src/text/shown";

overwriteGetLocale(() => "en");
vi.stubGlobal("navigator", { languages: ["en-GB"] });
const link = "Look: [bank.example](https://bank.example.verify.top/login)";
const file = { index: 0, kind: "picture" as const, name: "receipt.png", size: 2_000, type: "image/png", unusable: null };
const message = { text: link, files: [file], poll: null, folded: "blocked", unsent: false, once: null, body: [] } as unknown as Message;

it("the whole of it, as it was written, and each file by its name", () => {
  const long = "word ".repeat(500).trim();
  expect(shown({ ...message, text: `${link}\n${long}` })).toBe(`${link}\n${long}\nFile: receipt.png, 2 kB`);
});

it("a poll with what could be chosen", () => {
  const options = ["yes", "no"].map((text) => ({ text, mine: false, people: [], votes: 0 }));
  const poll = { question: "Pay now?", options, several: false, voters: 0 };
  expect(shown({ ...message, text: "", files: [], poll })).toBe("Pay now?\n– yes\n– no");
});

it("the same of what is shown no more", () => {
  const gone: GoneMessage = { message: "00", at: 0, gone: "unsent", text: link, files: [file], poll: null };
  expect(shownOfGone(gone)).toBe(`${link}\nFile: receipt.png, 2 kB`);
});
