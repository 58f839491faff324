// How long it takes from the key in one window to the words in a window of somebody on another service.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { composer, message, openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";

const TIMES = 40;
/** Milliseconds, half of the messages take less. */
const BAR = 150;

const here = stage();
let hers: Page;
let his: Page;

beforeAll(async () => {
  const amina: Person = await here.person("account", "Amina");
  const yuki = await here.person("handle", "Yuki");
  await amina.room("", yuki);
  hers = await amina.open(here.browser);
  his = await yuki.open(here.browser);
  await openRoom(hers, "Yuki");
  await openRoom(his, "Amina");
});

/** When the text stands in the window and is drawn; both windows count from the same clock. */
function appears(page: Page, text: string): Promise<number> {
  return page.evaluate(
    (text) =>
      new Promise<number>((resolve) => {
        const drawn = () => requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
        const look = () => [...document.querySelectorAll("[role=article]")].some((article) => article.textContent.includes(text));
        const observer = new MutationObserver(() => {
          if (!look()) return;
          observer.disconnect();
          drawn();
        });
        observer.observe(document.body, { childList: true, subtree: true, characterData: true });
      }),
    text,
  );
}

test("a message that is typed in one window stands in the other at once", async () => {
  await hers.evaluate(() => {
    document.addEventListener("keydown", (event) => event.key === "Enter" && ((window as { pressed?: number }).pressed = performance.timeOrigin + performance.now()), true);
  });
  const took: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    const text = `ping ${i}.`;
    await composer(hers).fill(text);
    const there = appears(his, text);
    await composer(hers).press("Enter");
    took.push((await there) - (await hers.evaluate(() => (window as { pressed?: number }).pressed!)));
    await message(hers, text).waitFor();
  }
  // The first few warm everything up.
  const counted = took.slice(5).sort((a, b) => a - b);
  const at = (part: number) => counted[Math.floor(counted.length * part)]!;
  console.log(`from window to window across services: median ${at(0.5).toFixed(0)} ms, p90 ${at(0.9).toFixed(0)} ms, of ${counted.length}`);
  expect(at(0.5)).toBeLessThan(Number(process.env["TREFOIL_MEDIAN_MS"] ?? BAR));
});
