// Attachments at the desk of the safety team: their first bytes say what they are, and nothing is shown, clear, loud or moving before
// somebody presses for it.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Locator } from "playwright-core";
import { afterEach, beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { invite, Reviewer } from "./setting/team";
import { until } from "./setting/until";

const here = stage();
let mallory: Person;
let amina: Person;
let lena: Reviewer;

const flower = new Uint8Array(readFileSync(new URL("../../../demo/flower.jpg", import.meta.url)));
const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" onload="document.title='run'"><script>document.title='run'</script></svg>`);
/** Red, then blue, for ever. */
const gif = Buffer.concat([
  Buffer.from("GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\xff!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0", "latin1"),
  ...["44", "4c"].map((pixel) => Buffer.from(`21f904000a0000002c0000000001000100000202${pixel}0100`, "hex")),
  Buffer.from(";"),
]);

/** A second of a tone, in eight bits. */
function wav(): Buffer {
  const samples = Buffer.from(Array.from({ length: 8_000 }, (_, i) => 128 + Math.round(90 * Math.sin(i / 3))));
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

const sent: [string, Uint8Array][] = [
  ["flower.jpg", flower],
  ["cat.png", svg],
  ["round.gif", gif],
  ["call.wav", wav()],
  ["broken.jpg", Buffer.from("\xff\xd8\xff\xe0 and no more", "latin1")],
];

beforeAll(async () => {
  mallory = await here.person("handle", "Mallory");
  amina = await here.person("account", "Amina");
  const room = await mallory.room("", amina);
  const files = [];
  for (const [name, bytes] of sent) files.push(await mallory.upload(name, bytes, true));
  await mallory.say(room, "look at these", { files });
  const shown = await until("they are there", async () => {
    const all = (await amina.messages(room)).filter((one) => one.files.length > 0);
    return all.reduce((sum, one) => sum + one.files.length, 0) === sent.length && all.map((one) => one.message);
  });
  await amina.post(amina.in(room, "report"), { person: mallory.account.user, reason: "sexual-content", messages: shown, note: "" });
  lena = await Reviewer.at(here.services.of("handle"), here.browser, "Lena", { acceptDownloads: true });
  // Which addresses of bytes are made, and which of them are still good.
  await lena.context.addInitScript(() => {
    const good = ((window as unknown as { addresses: Set<string> }).addresses = new Set<string>());
    const [make, revoke] = [URL.createObjectURL.bind(URL), URL.revokeObjectURL.bind(URL)];
    URL.createObjectURL = (of: Blob) => (good.add(make(of)), [...good].at(-1)!);
    URL.revokeObjectURL = (address) => (good.delete(address), revoke(address));
  });
  await lena.page.reload();
  await lena.join(await invite(here.services.of("handle"), "lena", "lead"));
});

afterEach(() => {
  if (lena) expect(lena.watch.take(), "what Lena's window must not do").toEqual([]);
});

const file = (label: string) => lena.page.getByRole("article", { name: new RegExp(`^${label}:`) });
const addresses = () => lena.page.evaluate(() => (window as unknown as { addresses: Set<string> }).addresses.size);
const filterOf = (picture: Locator) => picture.locator("canvas, img").evaluate((one) => getComputedStyle(one).filter);
const isDrawn = (picture: Locator) => until("it is drawn", () => picture.locator("canvas[data-drawn]").count());
/** The whole of what a canvas shows, in one number. */
const look = (picture: Locator) => picture.locator("canvas").evaluate((one: HTMLCanvasElement) => [...one.getContext("2d")!.getImageData(0, 0, one.width, one.height).data].reduce((sum, value, i) => (sum + value * (i + 1)) % 1_000_003, 0));
/** Of each file, by its name, which one it is. */
const labels: Record<string, string> = {};

test("what a file is stands beside what its sender says, and nothing is shown by itself", async () => {
  const { page } = lena;
  await lena.button("Look again").click();

  await lena.next("Reports");
  await lena.open();
  expect(await page.getByRole("article").count()).toBe(0);
  await lena.button("List the attachments").click();
  await file(`A${sent.length}`).waitFor();
  for (let i = 1; i <= sent.length; i++) {
    const title = await file(`A${i}`).getByRole("heading").innerText();
    const found = sent.find(([one]) => title === `A${i}: ${one}`)!;
    expect(found, title).toBeDefined();
    labels[found[0]] = `A${i}`;
    await file(`A${i}`).getByText(createHash("sha256").update(found[1]).digest("hex")).waitFor();
    await file(`A${i}`).getByText(new RegExp(`message 1, .*${found[1].length} bytes`)).waitFor();
  }
  const is = (name: string, type: string) => file(labels[name]!).locator("dd").first().getByText(type, { exact: true }).waitFor();
  await is("flower.jpg", "image/jpeg");
  await is("cat.png", "text/xml or text/html");
  await is("round.gif", "image/gif");
  await is("call.wav", "audio/wav");
  await is("broken.jpg", "image/jpeg");
  expect(await page.locator("canvas, main img, audio, video, iframe, object, embed").count(), "nothing is drawn").toBe(0);
  expect(await addresses()).toBe(0);
  await clean(page, "attachments that are listed");
});

test("a picture is blurred and grey until it is pressed, whatever points at it", async () => {
  const { page } = lena;
  const label = labels["flower.jpg"]!;
  await lena.button(`Show ${label}`).click();
  const picture = lena.button(`See ${label} clearly`);
  await isDrawn(picture);
  const veiled = /grayscale\(1\) blur/;
  await page.mouse.move(2, 2);
  expect(await filterOf(picture)).toMatch(veiled);
  await picture.hover();
  expect(await filterOf(picture), "pointing at it shows nothing").toMatch(veiled);
  await picture.focus();
  expect(await filterOf(picture), "neither does the keyboard's focus").toMatch(veiled);
  await clean(page, "a veiled picture");
  await page.keyboard.press("Enter");
  expect(await filterOf(picture)).toBe("none");
  expect(await picture.getAttribute("aria-pressed")).toBe("true");
  await clean(page, "a picture that was pressed");
  await page.keyboard.press("Enter");
  expect(await filterOf(picture)).toMatch(veiled);
  await lena.button(`Put ${label} away`).click();
  expect(await page.evaluate(() => document.activeElement?.textContent), "the focus stays").toBe(`Show ${label}`);
  expect(await page.locator("canvas").count()).toBe(0);
});

test("what moves stands still until it is asked to move", async () => {
  const { page } = lena;
  const label = labels["round.gif"]!;
  await lena.button(`Show ${label}`).click();
  const picture = lena.button(`See ${label} clearly`);
  await isDrawn(picture);
  const before = await look(picture);
  await page.waitForTimeout(400);
  expect(await look(picture)).toBe(before);
  expect(await addresses(), "no address for what stands still").toBe(0);
  const move = lena.button(`Let ${label} move`);
  await move.click();
  await until("it is an image that moves", () => picture.locator("img").evaluate((one: HTMLImageElement) => one.complete && one.naturalWidth === 1));
  expect(await filterOf(picture), "and is veiled as before").toMatch(/blur/);
  expect(await addresses()).toBe(1);
  await move.click();
  await isDrawn(picture);
  expect(await addresses()).toBe(0);
});

test("sound is silent until it is played", async () => {
  const { page } = lena;
  const label = labels["call.wav"]!;
  await lena.button(`Open the sound of ${label}`).click();
  await file(label).getByText("0:01 minutes").waitFor();
  expect(await page.locator("audio, video").count()).toBe(0);
  await clean(page, "a sound");
  await lena.button(`Play the sound of ${label}`).click();
  await lena.button(`Stop ${label}`).waitFor();
  await lena.button(`Play the sound of ${label}`).waitFor();
});

test("what could run is never shown, and what is broken says so", async () => {
  const { page } = lena;
  const evil = file(labels["cat.png"]!);
  await evil.getByText("Such a file is never shown here").waitFor();
  expect(await evil.getByRole("button").allInnerTexts()).toEqual([`Save ${labels["cat.png"]} …`]);
  const label = labels["broken.jpg"]!;
  await lena.button(`Show ${label}`).click();
  await file(label).getByText(`The browser cannot draw ${label}: save it, if you must know what it shows.`).waitFor();
  expect(await page.title()).not.toBe("run");
});

test("saving warns, names the file anew, and changes no byte", async () => {
  const { page } = lena;
  const label = labels["cat.png"]!;
  await lena.button(`Save ${label} …`).click();
  await file(label).getByText(`${label} leaves the desk.`).waitFor();
  expect(await page.evaluate(() => document.activeElement?.textContent?.trim().split(".")[0]), "the warning is read").toBe(`${label} leaves the desk`);
  await clean(page, "a warning before a file is saved");
  await lena.button("Do not save it").click();
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(`Save ${label} …`);
  await lena.button(`Save ${label} …`).click();
  const saving = page.waitForEvent("download");
  await lena.button(`Yes, save ${label}`).click();
  const saved = await saving;
  expect(saved.suggestedFilename()).toBe(`${label}-${createHash("sha256").update(svg).digest("hex").slice(0, 8)}.txt`);
  expect(readFileSync((await saved.path())!)).toEqual(svg);
});

test("a file that is not the stamped one is not shown", async () => {
  const { page } = lena;
  const label = labels["flower.jpg"]!;
  await page.route("**/attachments/*", (route) => route.fulfill({ contentType: "application/octet-stream", body: Buffer.from(flower.slice(0, 5_000)) }));
  await lena.button(`Show ${label}`).click();
  await file(label).getByRole("alert").getByText("What came is not the file that the message names").waitFor();
  expect(await file(label).locator("canvas, img").count()).toBe(0);
  await page.unroute("**/attachments/*");
});

test("whoever leaves the case leaves nothing of it in the page, and every file is reached with the keyboard", async () => {
  const { page } = lena;
  await lena.button(`Let ${labels["round.gif"]} move`).click();
  expect(await addresses(), "what was saved, and what moves").toBe(2);
  const wanted = new Set([`Show ${labels["flower.jpg"]}`, `See ${labels["round.gif"]} clearly`, `Save ${labels["cat.png"]} …`, `Play the sound of ${labels["call.wav"]}`]);
  await lena.part("What was shown").getByRole("heading").first().focus();
  for (let i = 0; i < 40 && wanted.size > 0; i++) {
    await page.keyboard.press("Tab");
    wanted.delete(await page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? ""));
  }
  expect([...wanted]).toEqual([]);
  await lena.go("Queues");
  expect(await addresses()).toBe(0);
  expect(await page.locator("canvas").count()).toBe(0);
});
