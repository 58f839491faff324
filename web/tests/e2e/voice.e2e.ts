// A voice note is recorded in one window (the browser plays a beep to itself for a microphone) and heard in another.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { word } from "./setting/words";

const here = stage();
let amina: Person;
let yuki: Person;
let hers: Page;
let his: Page;
let room: string;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  room = await amina.room("", yuki);
  hers = await amina.open(here.browser, { permissions: ["microphone"] });
  his = await yuki.open(here.browser);
  await openRoom(hers, "Yuki");
  await openRoom(his, "Amina");
});

const recorder = (page: Page) => page.getByRole("group", { name: word("recording") });
const player = (page: Page) => page.getByRole("region", { name: word("messages") }).getByRole("group", { name: word("voice_note") });

test("a recording that is thrown away is sent to nobody, and Esc leaves only the recorder", async () => {
  for (const end of ["button", "Escape"]) {
    await button(hers, "record_voice").click();
    await recorder(hers).getByText("0:01").waitFor();
    if (end === "button") await button(recorder(hers), "discard_recording").click();
    else await hers.keyboard.press("Escape");
    await button(hers, "record_voice").waitFor();
  }
  await hers.waitForTimeout(500);
  expect(await amina.messages(room)).toEqual([]);
});

test("a recording that one leaves for another conversation is neither sent nor lost", async () => {
  await amina.room("Elsewhere", yuki);
  await button(hers, "record_voice").click();
  await recorder(hers).getByText("0:01").waitFor();
  await openRoom(hers, "Elsewhere");
  await hers.getByRole("status").getByText(word("recording_kept", { name: "\u2068Yuki\u2069" })).waitFor();
  await openRoom(hers, "Yuki");
  const tray = hers.getByRole("list", { name: word("attached_files") }).getByRole("listitem");
  await tray.filter({ hasText: "voice-note" }).waitFor();
  await clean(hers, "a recording that was kept");
  expect(await amina.messages(room)).toEqual([]);
  await tray.getByRole("button").click();
  await tray.waitFor({ state: "detached" });
});

test("a voice note is recorded, sent and heard by somebody on another service, who fetches it when it is played", async () => {
  const fetched: { page: Page; url: string }[] = [];
  for (const page of [hers, his]) {
    page.on("request", (request) => {
      if (request.method() === "GET" && /\/messages\/[^/]+\/files\/0\?/.test(request.url())) fetched.push({ page, url: request.url() });
    });
  }
  await button(hers, "record_voice").click();
  await recorder(hers).getByText("0:02").waitFor();
  await clean(hers, "a voice note is recorded");
  await button(recorder(hers), "send_recording").click();
  const sent = await until("Yuki has it", async () => (await yuki.messages(room)).find((one) => one.files.length > 0), 60_000);
  expect(sent.files).toMatchObject([{ kind: "audio" }]);
  const bytes = await yuki.bytes(yuki.in(room, `messages/${sent.message}/files/0`));
  expect(bytes.length, "two seconds of sound").toBeGreaterThan(1_000);
  for (const page of [hers, his]) {
    const at = player(page);
    await button(at, "play").waitFor();
    await page.waitForTimeout(500);
    const mine = () => fetched.filter((one) => one.page === page).map((one) => one.url);
    expect(mine(), "nothing before it is played").toEqual([]);
    expect(await at.locator(".time").innerText(), "its size, as its length is not known").toMatch(/^\d.*B$/);
    await button(at, "play").click();
    const heard = () => at.locator("audio").evaluate((audio: HTMLAudioElement) => (audio.error ? -1 : audio.currentTime));
    await expect.poll(heard, { timeout: 20_000 }).toBeGreaterThan(0.5);
    expect(await at.getByRole("link").count(), "it could be played").toBe(0);
    await clean(page, "a voice note");
    expect(await at.locator(".time").innerText()).toMatch(/^0:0\d$/);
    expect(mine().length, "once it is played").toBeGreaterThan(0);
  }
});

test("a voice note that is stopped before it is there can be played later", async () => {
  await his.reload();
  await openRoom(his, "Amina");
  const at = player(his);
  let asked = 0;
  await his.route(/\/messages\/[^/]+\/files\/0\?/, async (route) => {
    asked++;
    await his.waitForTimeout(1_500);
    await route.continue().catch(() => undefined);
  });
  await button(at, "play").click();
  await until("it was asked for", () => asked > 0);
  await button(at, "pause").click();
  await his.waitForTimeout(2_000);
  expect(await at.getByRole("link").count(), "nothing failed").toBe(0);
  await his.unroute(/\/messages\/[^/]+\/files\/0\?/);
  await button(at, "play").click();
  await expect.poll(() => at.locator("audio").evaluate((audio: HTMLAudioElement) => audio.currentTime), { timeout: 20_000 }).toBeGreaterThan(0.5);
});

test("without a microphone the page says so, and one can go on writing", async () => {
  await button(his, "record_voice").click();
  await his.getByRole("alert").getByText(word("microphone_refused")).waitFor();
  await clean(his, "no microphone, an alarm of the page");
  await button(his, "record_voice").waitFor();
});
