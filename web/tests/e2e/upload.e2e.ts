// A large file whose window is loaded anew while it is handed over: what is there stays, and the rest follows.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { composer, message, openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";

const PIECE = 4 * 1024 * 1024;
const here = stage();
let amina: Person;
let yuki: Person;
let page: Page;
let room: string;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  room = await amina.room("", yuki);
  page = await amina.open(here.browser);
  await openRoom(page, "Yuki");
});

test("after a reload in the middle, the same file goes on where it was", async () => {
  // The pieces that are held back when the window goes are no fault of the page.
  amina.watch.allow(/ERR_ABORTED|ERR_FAILED/);
  const path = join(here.services.folder, "recording.bin");
  const bytes = randomBytes(3 * PIECE + 1_000);
  writeFileSync(path, bytes);
  const offsets: number[] = [];
  const offsetOf = (url: string) => Number(new URL(url).searchParams.get("offset"));
  await page.route(/\/files\/[^/]+\?offset=/, async (route) => {
    offsets.push(offsetOf(route.request().url()));
    // The second piece never gets through.
    if (offsets.length > 1) return;
    await route.continue();
  });
  const picker = page.locator("input[type=file]").first();
  await picker.setInputFiles(path);
  await until("the second piece is on its way", () => offsets.length === 2);
  // What was being written with it is not lost either.
  await composer(page).fill("the recording");
  await page.reload();
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await openRoom(page, "Yuki");
  expect(await composer(page).inputValue()).toBe("the recording");
  const begun = await amina.get<{ there: number }[]>(`accounts/${amina.account.id}/files`);
  expect(begun.map((one) => one.there)).toEqual([PIECE]);

  const after: number[] = [];
  page.on("request", (request) => request.method() === "PUT" && after.push(offsetOf(request.url())));
  await page.locator("input[type=file]").first().setInputFiles(path);
  await composer(page).press("Enter");
  await message(page, "the recording").waitFor({ timeout: 60_000 });
  expect(after, "the first piece is not handed over again").toEqual([PIECE, 2 * PIECE, 3 * PIECE]);

  const got = await until("Yuki has it", async () => (await yuki.messages(room)).find((one) => one.text === "the recording"), 60_000);
  expect(got.files).toMatchObject([{ name: "recording.bin", size: bytes.length }]);
  const kept = await yuki.bytes(yuki.in(room, `messages/${got.message}/files/0`));
  expect(Buffer.compare(kept, bytes), "byte for byte").toBe(0);
});
