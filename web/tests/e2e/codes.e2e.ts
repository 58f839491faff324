// QR codes: what one window shows, another reads from a picture and with a camera.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { launch } from "./setting/browser";
import { button, composer } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { word } from "./setting/words";

const here = stage();
let amina: Person;
let yuki: Person;
let shown: Buffer;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  const hers = await amina.open(here.browser, { viewport: { width: 640, height: 480 } });
  await hers.getByRole("button", { name: word("start_card") }).click();
  await hers.getByRole("dialog", { name: word("my_card") }).getByRole("img", { name: word("card_qr") }).waitFor();
  // What a camera in front of the screen sees, from a little further away.
  shown = await hers.screenshot({ type: "jpeg", quality: 80 });
});

async function finder(page: Page): Promise<Locator> {
  await button(page, "start_new").click();
  await page.getByRole("menuitem", { name: word("start_find") }).click();
  return page.getByRole("dialog", { name: word("start_find") });
}

async function findsHer(dialog: Locator, page: Page): Promise<void> {
  await dialog.getByRole("list", { name: word("found_people") }).getByRole("button").click();
  await composer(page).waitFor();
}

test("somebody is found by a picture of their card, and a picture without a code says so", async () => {
  const page = await yuki.open(here.browser);
  const dialog = await finder(page);
  const pick = (name: string, buffer: Buffer) => dialog.locator("input[type=file]").setInputFiles({ name, mimeType: "image/jpeg", buffer });
  await pick("blank.jpg", await page.screenshot({ type: "jpeg" }));
  await dialog.getByText(word("scan_nothing")).waitFor();
  await clean(page, "a picture without a code");
  await pick("card.jpg", shown);
  await findsHer(dialog, page);
  await yuki.context!.close();
});

test("a camera reads the card, and goes out when it has", async () => {
  const folder = join(here.services.folder, "camera");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "card.mjpeg"), Buffer.concat(Array.from({ length: 30 }, () => shown)));
  const browser = await launch("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${join(folder, "card.mjpeg")}`);
  try {
    const second = await here.person("phone", "Carl");
    const page = await second.open(browser);
    const dialog = await finder(page);
    await page.evaluate(() => {
      const { mediaDevices } = navigator;
      const ask = mediaDevices.getUserMedia.bind(mediaDevices);
      const cameras: MediaStreamTrack[] = [];
      Object.assign(window, { cameras });
      mediaDevices.getUserMedia = async (wanted) => {
        const stream = await ask(wanted);
        cameras.push(...stream.getTracks());
        return stream;
      };
    });
    await button(dialog, "scan_camera").click();
    await findsHer(dialog, page);
    expect(await page.evaluate(() => (window as unknown as { cameras: MediaStreamTrack[] }).cameras.map((one) => one.readyState)), "the camera is out").toEqual(["ended"]);
  } finally {
    await browser.close();
  }
});
