// What a browser keeps on the disk of what it showed: nothing. And what it showed is there at once all the same when it comes back.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Locator } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { launchIn } from "./setting/browser";
import { message, openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { word } from "./setting/words";

const here = stage();
const NAME = "The garden";
let amina: Person;
let yuki: Person;
let pair: string;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  pair = await amina.room("", yuki);
  const group = await amina.room(NAME, yuki);
  const flower = readFileSync(fileURLToPath(new URL("../../../demo/flower.jpg", import.meta.url)));
  await amina.post(`accounts/${amina.account.id}/picture`, new Uint8Array(flower));
  await amina.say(pair, "the flower", { files: [await amina.upload("flower.jpg", flower)] });
  await amina.say(group, "spring");
});

async function shows(img: Locator): Promise<void> {
  const drawn = () => img.evaluateAll((all) => all.length > 0 && all.every((one) => (one as HTMLImageElement).complete && (one as HTMLImageElement).naturalWidth > 0));
  await expect.poll(drawn, { timeout: 30_000 }).toBe(true);
}

/** Every file beneath a folder. */
function files(folder: string): Buffer[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

test("pictures come back at once, and none is in the browser's folder", async () => {
  const got = await until("Yuki has it", async () => (await yuki.messages(pair)).find((one) => one.text === "the flower"), 60_000);
  const folder = join(here.services.folder, "browser");
  const context = await launchIn(folder);
  context.setDefaultTimeout(30_000);
  await yuki.watch.over(context);
  const asked: string[] = [];
  context.on("request", (request) => /\/picture\?/.test(request.url()) && asked.push(request.url()));
  const page = await context.newPage();
  await page.goto(yuki.link);
  const face = page.getByRole("list", { name: word("conversations") }).getByRole("listitem").filter({ hasText: "Amina" }).locator(".avatar img").first();
  for (let times = 0; times < 3; times += 1) {
    await openRoom(page, "Amina");
    await shows(message(page, "the flower").locator("img"));
    await shows(face);
    await openRoom(page, NAME);
    await message(page, "spring").waitFor();
  }
  expect(asked.length, "each is asked for once").toBe(new Set(asked).size);
  expect(asked.some((url) => url.includes(got.message))).toBe(true);
  await context.close();

  const drawn = await Promise.all([320, 640].map((width) => yuki.bytes(yuki.in(pair, `messages/${got.message}/files/0/picture?width=${width}`))));
  const kept = files(folder);
  // It keeps what it may, which can be found there.
  expect(kept.some((bytes) => bytes.includes("/assets/"))).toBe(true);
  for (const bytes of drawn) {
    // From the middle: JPEGs of one maker begin alike.
    const part = Buffer.from(bytes).subarray(bytes.length / 2, bytes.length / 2 + 64);
    expect(kept.filter((one) => one.includes(part)).length).toBe(0);
  }
  const address = `${got.message}/files/0/picture`;
  expect(kept.filter((bytes) => bytes.includes(address)).length, "nor that there was one").toBe(0);
});
