// How soon the page is painted when it is opened on this machine: printed, for docs/performance.md, and held to the bar that stands there.
import { beforeAll, expect, test } from "vitest";
import type { Person } from "./setting/person";
import { scene } from "./setting/scene";
import { stage } from "./setting/stage";
import { word } from "./setting/words";

const TIMES = 15;
/** Milliseconds to the first paint, which half of the windows need less than. */
const BAR = 300;
const here = stage();
let amina: Person;

beforeAll(async () => {
  ({ amina } = await scene(here, "not-too-many"));
});

test("first paint", async () => {
  const page = await amina.open(here.browser);
  const list = page.getByRole("list", { name: word("conversations") }).getByRole("listitem").first();
  await list.waitFor();
  const paints: number[] = [];
  const inboxes: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    const fresh = await amina.another();
    await fresh.getByRole("list", { name: word("conversations") }).getByRole("listitem").first().waitFor();
    const measured = await fresh.evaluate(() => ({
      paint: performance.getEntriesByName("first-contentful-paint")[0]!.startTime,
      inbox: performance.now(),
    }));
    paints.push(measured.paint);
    inboxes.push(measured.inbox);
    await fresh.close();
  }
  const at = (all: number[], part: number) => all.toSorted((a, b) => a - b)[Math.floor((all.length - 1) * part)]!;
  const figures = (all: number[]) => `median ${at(all, 0.5).toFixed(0)} ms, from ${at(all, 0).toFixed(0)} to ${at(all, 1).toFixed(0)}`;
  const transferred = await page.evaluate(() => {
    const all = performance.getEntriesByType("resource").filter((one) => one.name.includes("/assets/")) as PerformanceResourceTiming[];
    return { files: all.length, bytes: all.reduce((sum, one) => sum + one.encodedBodySize, 0) };
  });
  console.log(`first contentful paint: ${figures(paints)}; inbox with its conversations, at most: ${figures(inboxes)}; ${transferred.files} files, ${Math.round(transferred.bytes / 1024)} KiB, of ${TIMES} windows`);
  expect(Math.min(...paints), "every window was painted").toBeGreaterThan(0);
  expect(at(paints, 0.5), "the median of the first paint").toBeLessThan(BAR);
});
