// A person's service goes away while they write, and comes back.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { message, openRoom, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";

const here = stage(true);
let amina: Person;
let yuki: Person;
let hers: Page;
let his: Page;
let room: string;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  room = await amina.room("", yuki);
  hers = await amina.open(here.browser);
  his = await yuki.open(here.browser);
  await openRoom(hers, "Yuki");
  await openRoom(his, "Amina");
});

const stage_of = (page: Page, text: string) => message(page, text).locator("[data-stage]").getAttribute("data-stage");

test("what is written while the service is away waits, visibly, and everything arrives when it is back", async () => {
  await write(hers, "before");
  await message(his, "before").waitFor();

  await here.services.stop("account");
  await until("the page says that the account is offline", async () => (await amina.state()).accounts[0]!.connection !== "online");
  for (const text of ["one", "two", "three"]) await write(hers, `while away: ${text}`);
  await message(hers, "while away: three").waitFor();
  expect(await stage_of(hers, "while away: one")).toBe("queued");
  // What he writes meanwhile waits at his own service.
  await write(his, "are you there?");
  await message(his, "are you there?").waitFor();
  expect(await message(his, "while away").count()).toBe(0);

  await here.services.begin("account");
  for (const text of ["one", "two", "three"]) await message(his, `while away: ${text}`).waitFor({ timeout: 60_000 });
  await message(hers, "are you there?").waitFor({ timeout: 60_000 });
  await expect.poll(() => stage_of(hers, "while away: three"), { timeout: 20_000 }).toMatch(/^(sent|delivered|read)$/);
  const texts = (await yuki.messages(room)).filter((one) => !one.mine).map((one) => one.text);
  expect(texts, "in order, each once").toEqual(["before", "while away: one", "while away: two", "while away: three"]);
}, 180_000);

test("the local process ends and starts again: the page says so, and goes on where it was", async () => {
  // The browser says of each try that nobody answers.
  amina.watch.allow(/ERR_CONNECTION_REFUSED|WebSocket connection to/, /ERR_CONNECTION_RESET/, /401 .*\/api\/v1\//);
  await amina.restart();
  await write(his, "meanwhile");
  const again = await amina.reopen();
  await openRoom(again, "Yuki");
  await message(again, "meanwhile").waitFor();
});
