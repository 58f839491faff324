// A second device is linked by codes that are pasted between two windows.
import { beforeAll, expect, test } from "vitest";
import { button, field, message, openRoom, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { word } from "./setting/words";

const here = stage();
let amina: Person;
let yuki: Person;
let room: string;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  room = await yuki.room("Tea", amina);
});

test("the second device asks, the first lets it in, and both show the room", async () => {
  const second = await here.newcomer("Amina's tablet");
  const tablet = await second.open(here.browser);
  await button(tablet, "first_have").click();
  await tablet.getByRole("button", { name: word("have_link") }).click();
  await tablet.getByRole("radio", { name: here.services.of("account").domain }).check();
  await button(tablet, "next").click();
  const code = await field(tablet, "link_code").inputValue();

  const first = await amina.open(here.browser);
  await button(first, "settings").click();
  await first.getByRole("main").getByRole("button", { name: /^\d+ devices?$/ }).click();
  await first.getByRole("textbox", { name: word("approve_paste") }).fill(code);
  await button(first, "approve").click();
  const answer = field(first, "approve_code");
  await answer.waitFor();

  await tablet.getByRole("textbox", { name: word("link_step_2") }).fill(await answer.inputValue());
  await button(tablet, "next").click();
  // Where the process makes the short string, both devices show the same.
  const inbox = tablet.getByRole("navigation", { name: word("conversations") });
  const match = button(tablet, "sas_match");
  await inbox.or(match).waitFor();
  if (await match.isVisible()) {
    expect(await tablet.locator(".sas").innerText()).toBe(await first.locator(".sas").first().innerText());
    await match.click();
    await button(first, "sas_match").click();
  } else await button(first, "done").click();

  await until("the room is on the tablet", async () => (await second.rooms()).some((one) => one.room === room && one.state === "open"), 60_000);
  await openRoom(tablet, "Tea");
  await openRoom(first, "Tea");
  await yuki.say(room, "tea for two devices");
  for (const page of [tablet, first]) await message(page, "tea for two devices").waitFor();
  await write(tablet, "from the tablet");
  await message(first, "from the tablet").locator("[data-stage]").waitFor();
  const [account] = (await amina.state()).accounts;
  expect(account).toMatchObject({ devices: 2, primary: true });
}, 150_000);
