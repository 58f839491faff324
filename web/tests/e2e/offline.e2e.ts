// A person's service goes away while they write, and comes back.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, composer, message, openRoom, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { word } from "./setting/words";

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
  // Both windows show the same, each line once.
  const shown = (page: Page) => page.getByRole("region", { name: word("messages") }).getByRole("article").locator("p").allInnerTexts();
  for (const page of [hers, his]) {
    const all = await shown(page);
    expect(all.filter((text) => /^(before|while away|are you)/.test(text)).sort()).toEqual(["are you there?", "before", "while away: one", "while away: three", "while away: two"]);
    expect(all.filter((text) => text.startsWith("while away"))).toEqual(["while away: one", "while away: two", "while away: three"]);
  }
}, 180_000);

test("a message with a file that waits for the service is shown with its reason; it can be given up, and goes by itself", async () => {
  await here.services.stop("account");
  await until("the page says that the account is offline", async () => (await amina.state()).accounts[0]!.connection !== "online");
  for (const name of ["kept.bin", "regretted.bin"]) {
    const path = join(here.services.folder, name);
    writeFileSync(path, randomBytes(100_000));
    await hers.locator("input[type=file]").first().setInputFiles(path);
    await write(hers, `with ${name}`);
  }
  const waiting = hers.getByRole("list", { name: word("waiting_to_be_sent") }).getByRole("listitem");
  await expect.poll(() => waiting.count(), { timeout: 20_000 }).toBe(2);
  // Nothing is on its way while there is no way.
  expect(await waiting.filter({ hasText: word("file_on_its_way") }).count() + (await waiting.getByRole("progressbar").count())).toBe(0);
  await waiting.filter({ hasText: word("error_unreachable") }).first().waitFor({ timeout: 60_000 });
  await clean(hers, "messages that wait for the service");
  const what = "\u2068with regretted.bin\u2069";
  const discard = button(waiting, "discard_named", { what });
  await discard.click();
  // It is asked first, and whoever does not want it loses nothing.
  const question = hers.getByRole("dialog", { name: word("discard_title") });
  await question.getByText(word("discard_text", { what })).waitFor();
  await clean(hers, "whether a message is to be given up");
  await button(question, "cancel").click();
  await question.waitFor({ state: "detached" });
  expect(await waiting.count()).toBe(2);
  await expect.poll(() => discard.evaluate((one) => one === document.activeElement)).toBe(true);
  await discard.click();
  await button(question, "discard").click();
  await expect.poll(() => waiting.count(), { timeout: 20_000 }).toBe(1);
  await expect.poll(() => composer(hers).evaluate((one) => one === document.activeElement), { message: "the keyboard is not lost" }).toBe(true);
  // This window loaded anew shows the same.
  await hers.reload();
  await openRoom(hers, "Yuki");
  await waiting.filter({ hasText: "kept.bin" }).waitFor();

  await here.services.begin("account");
  await button(waiting, "try_again_named", { what: "\u2068with kept.bin\u2069" }).click();
  await message(his, "with kept.bin").waitFor({ timeout: 60_000 });
  await expect.poll(() => waiting.count(), { timeout: 20_000 }).toBe(0);
  expect((await yuki.messages(room)).filter((one) => one.text.startsWith("with "))).toHaveLength(1);
}, 180_000);

test("a message that was refused says so beneath it", async () => {
  // Only the window is told so: no service here refuses anything.
  await hers.route(/\/timeline\?/, async (route) => {
    const answer = await route.fetch();
    const page = (await answer.json()) as { items: { text?: string }[] };
    const items = page.items.map((one) => (one.text === "before" ? { ...one, state: "failed", failure: "the service refused it" } : one));
    await route.fulfill({ response: answer, json: { ...page, items } });
  });
  await hers.reload();
  await openRoom(hers, "Yuki");
  const failure = message(hers, "before").getByRole("group", { name: word("not_sent") });
  await failure.getByText(word("not_sent_because", { reason: "the service refused it" })).waitFor();
  await clean(hers, "a message that was refused");
  await hers.unroute(/\/timeline\?/);
  await hers.reload();
  await openRoom(hers, "Yuki");
  await failure.waitFor({ state: "detached" });
});

test("the local process ends and starts again: the page says so, and goes on where it was", async () => {
  // The browser says of each try that nobody answers.
  amina.watch.allow(/ERR_CONNECTION_REFUSED|WebSocket connection to/, /ERR_CONNECTION_RESET/, /401 .*\/api\/v1\//);
  await amina.restart(async () => {
    await hers.getByText(word("process_gone")).waitFor();
    const account = hers.getByRole("list", { name: word("accounts") }).getByRole("listitem");
    await account.getByText(word("connection_offline"), { exact: true }).first().waitFor();
    expect(await account.locator("[data-connection=online]").count(), "no mark of being connected").toBe(0);
  });
  await write(his, "meanwhile");
  hers = await amina.reopen();
  await openRoom(hers, "Yuki");
  await message(hers, "meanwhile").waitFor();
});

test("the other's service is away: what is written to somebody there arrives when it is back, and what they wrote too", async () => {
  await here.services.stop("handle");
  await until("the other's page says that the account is offline", async () => (await yuki.state()).accounts[0]!.connection !== "online");
  for (let i = 1; i <= 12; i++) await write(hers, `to you ${i}.`);
  for (let i = 1; i <= 3; i++) await write(his, `to me ${i}.`);
  await message(hers, "to you 12.").waitFor();
  expect(await message(his, "to you").count()).toBe(0);
  await here.services.begin("handle");
  await message(his, "to you 12.").waitFor({ timeout: 60_000 });
  await message(hers, "to me 3.").waitFor({ timeout: 60_000 });
  for (const person of [amina, yuki]) {
    const texts = (await person.messages(room)).map((one) => one.text);
    expect(texts.filter((text) => text.startsWith("to you")), `${person.name}: in order, each once`).toEqual(Array.from({ length: 12 }, (_, i) => `to you ${i + 1}.`));
    expect(texts.filter((text) => text.startsWith("to me"))).toEqual(["to me 1.", "to me 2.", "to me 3."]);
  }
  await expect.poll(() => stage_of(hers, "to you 12."), { timeout: 30_000 }).toMatch(/^(delivered|read)$/);
}, 180_000);
