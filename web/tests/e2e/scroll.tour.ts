// How smoothly a long conversation scrolls, from its end to its beginning: printed, for docs/performance.md.
// `TREFOIL_MESSAGES=5000` takes fewer than 50 000.
import { beforeAll, expect, test } from "vitest";
import { openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";

const MANY = Number(process.env["TREFOIL_MESSAGES"] ?? 50_000);
const AT_ONCE = 64;
/** Pixels a frame: about three screens of messages a second. */
const STEP = 40;
const here = stage();
let amina: Person;
let yuki: Person;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  const room = await yuki.room("Archive", amina);
  let next = 0;
  const writer = async () => {
    for (let i = next++; i < MANY; i = next++) await yuki.say(room, `${i}: ${"a sentence of some words, ".repeat(1 + (i % 7))}**end**`);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, writer));
  await until("all of it is there", async () => (await amina.messages(room)).some((one) => one.text.startsWith(`${MANY - 1}:`)) || undefined, 900_000);
}, 3_600_000);

test("from the end to the beginning", { timeout: 3_600_000 }, async () => {
  const page = await amina.open(here.browser);
  await openRoom(page, "Archive");
  await page.getByRole("article").first().waitFor();
  const run = (step: number, most: number) =>
    page.evaluate(
      ([step, most]) =>
        new Promise<{ frames: number[]; empty: number; articles: number; heap: number; first: string }>((resolve) => {
          const scroller = document.querySelector<HTMLElement>(".timeline")!;
          const frames: number[] = [];
          let [before, empty, articles, still] = [performance.now(), 0, 0, 0];
          const end = () => {
            const heap = (performance as unknown as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize ?? 0;
            resolve({ frames, empty, articles, heap, first: scroller.querySelector("[role=article]")?.textContent ?? "" });
          };
          const frame = (now: number) => {
            frames.push(now - before);
            before = now;
            const view = scroller.getBoundingClientRect();
            const drawn = [...scroller.querySelectorAll("[role=article]")];
            articles = Math.max(articles, drawn.length);
            if (!drawn.some((one) => one.getBoundingClientRect().bottom > view.top && one.getBoundingClientRect().top < view.bottom)) empty++;
            still = scroller.scrollTop <= 0 ? still + 1 : 0;
            if (frames.length >= most || still > 120) return end();
            scroller.scrollTop -= step;
            requestAnimationFrame(frame);
          };
          requestAnimationFrame(frame);
        }),
      [step, most] as const,
    );
  const tell = (what: string, { frames, empty, articles, heap, first }: Awaited<ReturnType<typeof run>>) => {
    const sorted = frames.toSorted((a, b) => a - b);
    const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!.toFixed(1);
    const late = frames.filter((took) => took > 50).length;
    console.log(`${what}: ${frames.length} frames, median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms, ${late} over 50 ms, ${empty} without a message; at most ${articles} messages in the page, ${Math.round(heap / 1e6)} MB of script memory, reached ${first.slice(0, 40)}`);
  };
  tell("as a hand scrolls", await run(STEP, 3_000));
  const all = await run(4_000, 1_000_000);
  tell("as fast as it goes, to the beginning", all);
  expect(all.articles).toBeLessThan(200);
});
