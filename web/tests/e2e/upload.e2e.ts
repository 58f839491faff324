// A file that is on its way to the process: what one does meanwhile belongs to the next message, it can be called back, and when
// the window is loaded anew what is there stays, and the rest follows.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page, Route } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, choose, composer, message, openRoom, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { word } from "./setting/words";

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

/** Holds back every piece of a file until it is let through. */
async function holdingPieces(): Promise<{ held: Route[]; through: () => Promise<void> }> {
  const held: Route[] = [];
  await page.route(/\/files\/[^/]+\?offset=/, (route) => void held.push(route));
  const through = async () => {
    for (const route of held) await route.continue();
    await page.unroute(/\/files\/[^/]+\?offset=/);
  };
  return { held, through };
}

const picked = (name: string) => ({ name, mimeType: "application/octet-stream", buffer: randomBytes(2_000) });
const leaving = () => page.getByRole("region", { name: word("being_sent") });

test("what is sent is what stood there when it was sent, whatever one writes and edits while its files are handed over", async () => {
  await write(page, "an older one");
  await message(page, "an older one").waitFor();
  const { held, through } = await holdingPieces();
  await page.locator("input[type=file]").first().setInputFiles(picked("first.bin"));
  await write(page, "the caption");
  await until("it is held", () => held.length === 1);
  expect(await composer(page).inputValue(), "the field belongs to the next one").toBe("");
  await leaving().getByText("first.bin").waitFor();
  await leaving().getByText("the caption").waitFor();
  await clean(page, "a message whose files are handed over");
  // What needs no file does not wait for one.
  await write(page, "in between");
  await message(page, "in between").waitFor();
  await composer(page).fill("half a sentence");
  await choose(page, message(page, "an older one"), "edit");
  await expect.poll(() => composer(page).inputValue()).toBe("an older one");
  await through();
  const got = await until("Yuki has it", async () => (await yuki.messages(room)).find((one) => one.files.length > 0));
  expect(got.text).toBe("the caption");
  expect(got.files).toMatchObject([{ name: "first.bin" }]);
  await leaving().waitFor({ state: "detached" });
  await composer(page).press("Escape");
  await expect.poll(() => composer(page).inputValue()).toBe("half a sentence");
  await composer(page).fill("");
  expect((await yuki.messages(room)).map((one) => one.text).sort()).toEqual(["an older one", "in between", "the caption"]);
});

test("a message whose files are handed over is called back by taking one of them out, and nothing of it is lost", async () => {
  const { held, through } = await holdingPieces();
  await page.locator("input[type=file]").first().setInputFiles([picked("kept.bin"), picked("regretted.bin")]);
  await write(page, "not yet");
  await until("both are held", () => held.length === 2);
  await composer(page).fill("and on");
  await button(leaving(), "stop_sending", { name: "\u2068regretted.bin\u2069" }).click();
  await leaving().waitFor({ state: "detached" });
  expect(await composer(page).inputValue()).toBe("not yet\nand on");
  const tray = page.getByRole("list", { name: word("attached_files") }).getByRole("listitem");
  await tray.filter({ hasText: "kept.bin" }).waitFor();
  expect(await tray.count()).toBe(1);
  await clean(page, "a file that is attached");
  await through();
  await composer(page).press("Enter");
  const got = await until("Yuki has it", async () => (await yuki.messages(room)).find((one) => one.text.startsWith("not yet")));
  expect(got.files).toMatchObject([{ name: "kept.bin" }]);
  await expect.poll(async () => (await amina.get<unknown[]>(`accounts/${amina.account.id}/files`)).length, { timeout: 20_000 }).toBe(0);
});

test("where files can be dropped is said while they are dragged there", async () => {
  const drag = (type: string) =>
    page.locator(".conversation").evaluate((place, type) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["a"], "a.txt"));
      place.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    }, type);
  await drag("dragover");
  await page.getByText(word("drop_files")).waitFor();
  await clean(page, "files that are dragged there");
  await drag("dragleave");
  await page.getByText(word("drop_files")).waitFor({ state: "detached" });
});

test("what is attached stays when another conversation is opened, and is asked about only while it would be lost", async () => {
  await amina.room("Elsewhere", yuki);
  await page.locator("input[type=file]").first().setInputFiles(picked("waiting.bin"));
  await composer(page).fill("with it");
  const tray = page.getByRole("list", { name: word("attached_files") }).getByRole("listitem");
  await tray.filter({ hasText: "waiting.bin" }).waitFor();
  await openRoom(page, "Elsewhere");
  await page.getByRole("heading", { level: 1, name: "Elsewhere" }).waitFor();
  expect(await tray.count()).toBe(0);
  expect(await composer(page).inputValue()).toBe("");
  await openRoom(page, "Yuki");
  await tray.filter({ hasText: "waiting.bin" }).waitFor();
  expect(await composer(page).inputValue()).toBe("with it");

  // Sent, and left before its file is there: it goes all the same, and its words are not for the field.
  const { held, through } = await holdingPieces();
  await page.locator("input[type=file]").first().setInputFiles(picked("slow.bin"));
  await until("it is held", () => held.length === 1);
  await composer(page).press("Enter");
  await leaving().getByText("with it").waitFor();
  await openRoom(page, "Elsewhere");
  await openRoom(page, "Yuki");
  await leaving().getByText("slow.bin").waitFor();
  expect(await composer(page).inputValue()).toBe("");
  await openRoom(page, "Elsewhere");
  await through();
  const got = await until("Yuki has it", async () => (await yuki.messages(room)).find((one) => one.text === "with it"));
  expect(got.files.map((file) => file.name)).toEqual(["waiting.bin", "slow.bin"]);
  await openRoom(page, "Yuki");
  await message(page, "with it").waitFor();
  await until("the draft is gone", async () => (await amina.rooms()).every((one) => one.draft === ""));
  await page.reload();
  await openRoom(page, "Yuki");
  expect(await composer(page).inputValue()).toBe("");
  expect(amina.watch.warned, "nothing would have been lost").toBe(0);
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
  expect(amina.watch.warned, "that the file is not sent yet").toBe(1);
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

test("a picture out of which its place cannot be taken is held, and goes with it only if the person says so", async () => {
  // Once it is there, the process refuses to draw it: it is no picture.
  amina.watch.allow(/status of 422 .*\/picture\?width=/);
  const path = join(here.services.folder, "cut.jpg");
  writeFileSync(path, Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0x00, 0xff]), Buffer.from("Exif\0\0II*\0 at home")]));
  await page.locator("input[type=file]").first().setInputFiles(path);
  await composer(page).fill("where I live");
  await composer(page).press("Enter");
  const held = page.getByRole("list", { name: word("waiting_to_be_sent") }).getByRole("listitem").filter({ hasText: "cut.jpg" });
  await held.getByText(word("error_metadata_stays")).waitFor();
  await clean(page, "a message that is held, and an alarm");
  expect((await yuki.messages(room)).some((one) => one.text === "where I live")).toBe(false);
  // The toast says it too, and is closed by whoever has read it.
  await page.getByRole("button", { name: word("close"), exact: true }).first().click();
  await held.getByRole("button", { name: word("send_whole") }).click();
  await until("Yuki has it", async () => (await yuki.messages(room)).find((one) => one.text === "where I live"));
  await held.waitFor({ state: "detached" });
});
