// Nothing jumps: what stands somewhere stays there while names, pictures and messages come.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { scene } from "./setting/scene";
import { stage } from "./setting/stage";
import { word } from "./setting/words";

/** What the Core Web Vitals call good is below 0.1; when all of it jumps by a line of text, that is about 0.018. */
const STILL = 0.005;
const here = stage();
let amina: Person;

beforeAll(async () => {
  ({ amina } = await scene(here, "not-too-many"));
}, 240_000);

async function shifts(page: Page): Promise<{ sum: number; what: string[] }> {
  return page.evaluate(() => (window as unknown as { shifted: { sum: number; what: string[] } }).shifted);
}

test("the inbox and a conversation with pictures are drawn without a layout shift", async () => {
  const page = await amina.open(here.browser);
  await page.getByRole("list", { name: word("conversations") }).getByRole("listitem").first().waitFor();
  await amina.context!.addInitScript(() => {
    const shifted = { sum: 0, what: [] as string[] };
    (window as unknown as { shifted: typeof shifted }).shifted = shifted;
    new PerformanceObserver((list) => {
      type Shift = PerformanceEntry & { value: number; hadRecentInput: boolean; sources: { node?: Element }[] };
      for (const entry of list.getEntries() as Shift[]) {
        if (entry.hadRecentInput) continue;
        shifted.sum += entry.value;
        shifted.what.push(...entry.sources.map(({ node }) => `${entry.value.toFixed(3)} ${node?.parentElement?.className ?? ""} ${node?.textContent?.slice(0, 40) ?? ""}`));
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  const fresh = await amina.another();
  await fresh.getByRole("list", { name: word("conversations") }).getByRole("listitem").first().waitFor();
  await fresh.waitForLoadState("networkidle");
  const inbox = await shifts(fresh);
  expect(inbox.sum, inbox.what.join("\n")).toBeLessThan(STILL);
  const rooms = await amina.rooms();
  for (const room of rooms.slice(0, 3)) {
    await openRoom(fresh, room.title);
    // Clicks excuse what moves within half a second; what comes later has no excuse.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
  }
  const all = await shifts(fresh);
  expect(all.sum, all.what.join("\n")).toBeLessThan(STILL);
  // And whatever did jump would be seen.
  await fresh.evaluate(() => document.body.prepend(Object.assign(document.createElement("p"), { textContent: "in between" })));
  await expect.poll(async () => (await shifts(fresh)).sum).toBeGreaterThan(STILL);
});
