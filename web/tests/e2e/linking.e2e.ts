// A second device is linked by a short code that goes from one window to the other.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, field, message, openRoom, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { word } from "./setting/words";

const here = stage();
let amina: Person;
let yuki: Person;
let room: string;

async function devicesOf(page: Page): Promise<void> {
  await button(page, "settings").click();
  await page.getByRole("main").getByRole("button", { name: /^\d+ devices?$/ }).click();
}

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  room = await yuki.room("Tea", amina);
  await yuki.say(room, "before the tablet");
});

test("the second device asks, the first lets it in, and both show the room", async () => {
  const second = await here.newcomer("Amina's tablet");
  const tablet = await second.open(here.browser);
  await button(tablet, "first_have").click();
  await tablet.getByRole("button", { name: word("have_link") }).click();
  await tablet.getByRole("radio", { name: here.services.of("account").domain }).check();
  await button(tablet, "next").click();
  await field(tablet, "device_name").fill("Tablet");
  await clean(tablet, "the name of a new device");
  await button(tablet, "next").click();
  const code = await field(tablet, "link_code").inputValue();
  expect(code.length).toBeLessThan(120);
  await tablet.getByRole("img", { name: word("link_qr") }).waitFor();
  await tablet.getByText(word("link_awaits")).waitFor();
  await clean(tablet, "the code of a new device");

  const first = await amina.open(here.browser);
  await devicesOf(first);
  await first.getByRole("textbox", { name: word("approve_paste") }).fill(code);
  await clean(first, "the code of a new device, pasted");
  await button(first, "approve").click();
  const number = (page: Page) => page.getByRole("group", { name: word("sas_number") });
  await number(first).waitFor();
  expect(await number(tablet).innerText()).toMatch(/^\d{4} \d{4}$/);
  expect(await number(first).innerText()).toBe(await number(tablet).innerText());
  for (const page of [tablet, first]) await clean(page, "numbers to compare");
  await button(tablet, "done").click();
  await button(first, "sas_match").click();
  await first.getByText(word("link_sent")).waitFor();
  await clean(first, "two devices");
  expect(await number(first).count()).toBe(0);

  await until("the room is on the tablet", async () => (await second.rooms()).some((one) => one.room === room && one.state === "open"), 60_000);
  await openRoom(tablet, "Tea");
  await message(tablet, "before the tablet").waitFor({ timeout: 60_000 });
  await openRoom(first, "Tea");
  await yuki.say(room, "tea for two devices");
  for (const page of [tablet, first]) await message(page, "tea for two devices").waitFor();
  await write(tablet, "from the tablet");
  await message(first, "from the tablet").locator("[data-stage]").waitFor();
  const [account] = (await amina.state()).accounts;
  expect(account).toMatchObject({ devices: 2, primary: true });
}, 150_000);

test("numbers that differ take the device off at once", async () => {
  const stranger = await here.newcomer("Amina's old laptop");
  const laptop = await stranger.open(here.browser);
  await button(laptop, "first_have").click();
  await laptop.getByRole("button", { name: word("have_link") }).click();
  await laptop.getByRole("radio", { name: here.services.of("account").domain }).check();
  await button(laptop, "next").click();
  await button(laptop, "next").click();
  const code = await field(laptop, "link_code").inputValue();

  const first = await amina.another();
  await devicesOf(first);
  await first.getByRole("textbox", { name: word("approve_paste") }).fill(code);
  await button(first, "approve").click();
  await button(first, "sas_differ").click();
  await first.getByText(word("link_differ_removed")).waitFor();
  await clean(first, "numbers that differ");
  await clean(laptop, "a new device that was not let in");
  expect((await amina.state()).accounts[0]).toMatchObject({ devices: 2 });
}, 150_000);
