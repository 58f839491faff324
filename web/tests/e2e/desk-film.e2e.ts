// A film at the desk of the safety team: blurred, grey, still and muted, and each of these ends by a press of its own.
import { afterEach, beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { stage } from "./setting/stage";
import { Reviewer } from "./setting/team";
import { until } from "./setting/until";

const here = stage();
let lena: Reviewer;

/** A second in which two colours take turns. */
async function filmed(): Promise<Uint8Array> {
  const page = await here.browser.newPage();
  await page.goto("about:blank");
  const bytes = await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 64;
    const pen = canvas.getContext("2d")!;
    const recorder = new MediaRecorder(canvas.captureStream(10), { mimeType: "video/webm;codecs=vp8" });
    const pieces: Blob[] = [];
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    recorder.start();
    for (let i = 0; i < 12; i++) {
      pen.fillStyle = i % 2 ? "red" : "blue";
      pen.fillRect(0, 0, 64, 64);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await new Promise((resolve) => {
      recorder.onstop = resolve;
      recorder.stop();
    });
    return [...new Uint8Array(await new Blob(pieces).arrayBuffer())];
  });
  await page.close();
  return Uint8Array.from(bytes);
}

beforeAll(async () => {
  const mallory = await here.person("handle", "Mallory");
  const amina = await here.person("account", "Amina");
  const room = await mallory.room("", amina);
  await mallory.say(room, "look", { files: [await mallory.upload("film.webm", await filmed(), true)] });
  const message = await until("it is there", async () => (await amina.messages(room)).find((one) => one.files.length > 0));
  await amina.post(amina.in(room, "report"), { person: mallory.account.user, reason: "violence", messages: [message.message], note: "" });
  lena = await Reviewer.of(here.services.of("handle"), here.browser, "Lena", "lead");
});

afterEach(() => {
  if (lena) expect(lena.watch.take(), "what Lena's window must not do").toEqual([]);
});

test("a film is blurred, grey, still and muted until each is asked for", async () => {
  const { page } = lena;
  await lena.button("Look again").click();
  await lena.next("Reports");
  await lena.open();
  await lena.button("List the attachments").click();
  await lena.button("Show A1").click();
  const film = page.locator("video");
  await until("there is something to see", () => film.evaluate((one: HTMLVideoElement) => one.readyState >= 2 && one.videoWidth === 64));
  const now = () => film.evaluate((one: HTMLVideoElement) => ({ paused: one.paused, muted: one.muted, filter: getComputedStyle(one).filter }));
  const veiled = /grayscale\(1\) blur/;
  expect(await now()).toEqual({ paused: true, muted: true, filter: expect.stringMatching(veiled) as string });
  await film.hover();
  expect((await now()).filter, "pointing at it shows nothing").toMatch(veiled);
  await clean(page, "a film");
  await lena.button("Let A1 run").click();
  await until("it runs", () => film.evaluate((one: HTMLVideoElement) => one.currentTime > 0));
  expect(await now()).toMatchObject({ muted: true, filter: expect.stringMatching(veiled) as string });
  await lena.button("See A1 clearly").click();
  expect((await now()).filter).toBe("none");
  await lena.button("Hear A1").click();
  expect((await now()).muted).toBe(false);
  await lena.button("Put A1 away").click();
  expect(await film.count()).toBe(0);
});
