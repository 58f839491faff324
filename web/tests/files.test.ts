// Which upload a file goes on with: its own, and never one that another attachment is handing over.
import { beforeEach, expect, it, vi } from "vitest";
import { upload } from "../src/api/files";

interface Begun {
  upload: string;
  size: number;
  there: number;
}

let begun: Begun[];
let kept: Map<string, string>;
/** Held back pieces, to be let through. */
let held: (() => void)[] | undefined;

const shelf = (of: Map<string, string>) => ({
  getItem: (key: string) => of.get(key) ?? null,
  setItem: (key: string, value: string) => void of.set(key, value),
  removeItem: (key: string) => void of.delete(key),
});

async function answer(address: string, { method, body }: { method: string; body: Blob | string | null }): Promise<Response> {
  const url = new URL(address, "http://here");
  const of = begun.find((one) => url.pathname.endsWith(`/${one.upload}`));
  if (method === "POST") {
    const one = { upload: `u${begun.length}`, size: (JSON.parse(body as string) as Begun).size, there: 0 };
    begun.push(one);
    return Response.json(one);
  }
  if (!of) return Response.json({ code: "not-found" }, { status: 404 });
  if (method === "DELETE") begun = begun.filter((one) => one !== of);
  if (method === "PUT") {
    if (held) await new Promise<void>((through) => held!.push(through));
    of.there = Number(url.searchParams.get("offset")) + (body as Blob).size;
  }
  return method === "DELETE" ? new Response(null, { status: 204 }) : Response.json(of);
}

beforeEach(() => {
  [begun, kept, held] = [[], new Map(), undefined];
  vi.stubGlobal("fetch", answer);
  vi.stubGlobal("sessionStorage", shelf(kept));
  vi.stubGlobal("localStorage", shelf(new Map()));
});

const file = () => new File(["four"], "notes.txt", { lastModified: 1 });
const hand = (signal = new AbortController().signal) => upload("me", file(), signal, () => {});

it("the same file, chosen twice at once, is two uploads, and none is remembered once both are there", async () => {
  const ids = await Promise.all([hand(), hand()]);
  expect(new Set(ids).size).toBe(2);
  expect(begun.map((one) => one.there)).toEqual([4, 4]);
  expect(kept.size).toBe(0);
});

it("what was begun before this window was loaded anew goes on, for one of two", async () => {
  held = [];
  void hand();
  await vi.waitFor(() => expect(held).toHaveLength(1));
  const remembered = [...kept];
  expect(remembered.map(([, id]) => id)).toEqual(["u0"]);
  held = undefined;
  // As another window of the page, which knows of nobody who is handing it over.
  vi.resetModules();
  const { upload: anew } = await import("../src/api/files");
  const again = () => anew("me", file(), new AbortController().signal, () => {});
  const ids = await Promise.all([again(), again()]);
  expect(ids.sort()).toEqual(["u0", "u1"]);
});

it("what is taken out in the middle is given up", async () => {
  held = [];
  const stop = new AbortController();
  const handed = hand(stop.signal);
  await vi.waitFor(() => expect(held).toHaveLength(1));
  stop.abort();
  held[0]!();
  await expect(handed).rejects.toThrow();
  expect(begun).toEqual([]);
  expect(kept.size).toBe(0);
});
