// Two people compare their safety numbers; then one of them comes back under another key.
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Locator, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, composer, dismissAll, message, openRoom, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { program } from "./setting/process";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { word } from "./setting/words";

// A service that forgets somebody, and a client that takes their place: cargo build -p trefoil --example made_anew
const madeAnew = process.env["TREFOIL_MADE_ANEW"] ?? join(dirname(program), "examples", "made_anew");
const run = promisify(execFile);

const here = stage(true);
let amina: Person;
let ben: Person;
let cleo: Person;
let hers: Page;
let his: Page;
let room: string;

beforeAll(async () => {
  amina = await here.person("handle", "Amina");
  ben = await here.person("account", "ben");
  cleo = await here.person("account", "cleo");
  room = await cleo.room("Tea", amina, ben);
  hers = await amina.open(here.browser);
  his = await ben.open(here.browser);
  await openRoom(hers, "Tea");
  await openRoom(his, "Tea");
});

const details = (page: Page) => page.getByRole("region", { name: word("details") });

/** From the head of the group to a person in it. */
async function lookAt(page: Page, name: string): Promise<void> {
  await page.getByRole("heading", { level: 1, name: "Tea" }).click();
  await details(page).getByRole("listitem").filter({ hasText: name }).getByRole("button").first().click();
  await details(page).getByRole("heading", { name: word("safety_number") }).waitFor();
}

/** What is told in passing, of both kinds, lies neither over the warning nor over where one writes. */
async function nothingCovers(page: Page, banner: Locator): Promise<void> {
  // A failure stays until it is closed; what is told in passing goes by itself.
  await page.route("**/marks", (route) => route.fulfill({ status: 422, contentType: "application/json", body: '{"code":"unusable","message":"no"}' }));
  amina.watch.allow(/status of 422 .*\/marks/);
  const pick = async (choice: string) => {
    await page.getByRole("button", { name: new RegExp(word("more_about", { name: ".*Tea.*" })) }).last().click();
    await page.getByRole("menuitem", { name: word(choice), exact: true }).click();
  };
  await pick("pin_room");
  await page.locator(".toasts.alarms .toast").first().waitFor();
  await clean(page, "an alarm");
  await page.unroute("**/marks");
  await pick("archive");
  await page.locator(".toasts.plain .toast").first().waitFor();
  const boxes = async (of: Locator) => Promise.all((await of.all()).map(async (one) => (await one.boundingBox())!));
  const kept = [...(await boxes(banner)), ...(await boxes(page.getByRole("form", { name: word("composer") })))];
  expect(kept).toHaveLength(2);
  for (const toasts of [page.locator(".toasts.alarms"), page.locator(".toasts.plain")])
    for (const toast of await boxes(toasts))
      for (const one of kept) expect(toast.y + toast.height <= one.y + 1 || one.y + one.height <= toast.y + 1, "nothing is covered").toBe(true);
  await amina.post(amina.in(room, "marks"), { archived: false });
}

const digits = (page: Page) => details(page).getByRole("list", { name: word("safety_digits") }).getByRole("listitem").allInnerTexts();

test("both see the same twelve groups, and a code that was pasted is compared", async () => {
  await lookAt(hers, "ben");
  await lookAt(his, "Amina");
  const groups = await digits(hers);
  expect(groups).toHaveLength(12);
  expect(groups.every((group) => /^\d{5}$/.test(group))).toBe(true);
  expect(await digits(his)).toEqual(groups);

  await details(hers).getByText(word("safety_by_code")).click();
  const code = details(hers).locator("#safety-code");
  const hisCode = (await ben.get<{ code: string }>(`accounts/${ben.account.id}/people/${encodeURIComponent(amina.account.user)}/safety`)).code;
  const wrong = (await cleo.get<{ code: string }>(`accounts/${cleo.account.id}/people/${encodeURIComponent(amina.account.user)}/safety`)).code;
  await code.fill(wrong);
  await button(details(hers), "safety_check").click();
  await details(hers).locator(".box.alarm[role=status]").waitFor();
  await clean(hers, "a safety number that differs");
  await code.fill(hisCode);
  await button(details(hers), "safety_check").click();
  await details(hers).locator(".box.good[role=status]").waitFor();
  await clean(hers, "a safety number that is the same");
  await details(hers).getByRole("button", { name: word("safety_match") }).waitFor({ state: "detached" });

  await button(details(his), "safety_match").click();
  await details(his).locator(".box.good[role=status]").waitFor();
});

test("who is verified bears the mark", async () => {
  await hers.getByRole("heading", { level: 1, name: "Tea" }).click();
  await details(hers).getByRole("listitem").filter({ hasText: "ben" }).getByText(word("standing_verified")).waitFor();
});

test("while keys are only not proven yet, what is written is taken, and waits", async () => {
  // Only the list says so here: what the process does with what it was given is not looked at.
  const unproven = { what: "keys-unproven", why: "unreachable", user: ben.account.user, text: "the keys of ben are not proven" };
  await hers.route("**/api/v1/rooms", async (route) => {
    const answer = await route.fetch();
    const rooms = (await answer.json()) as { room: string }[];
    await route.fulfill({ response: answer, json: rooms.map((one) => (one.room === room ? { ...one, blocked: unproven } : one)) });
  });
  await hers.reload();
  await openRoom(hers, "Tea");
  await hers.getByRole("region", { name: word("blocked_title") }).getByText(word("blocked_wait")).waitFor();
  await clean(hers, "keys that are not proven");
  await composer(hers).fill("as soon as it is safe");
  expect(await button(hers.getByRole("form", { name: word("composer") }), "send").isEnabled()).toBe(true);
  await composer(hers).press("Enter");
  await message(hers, "as soon as it is safe").waitFor();
  expect(await composer(hers).inputValue()).toBe("");
  await hers.unroute("**/api/v1/rooms");
  await hers.reload();
  await openRoom(hers, "Tea");
});

test("somebody who comes back under another key stops everything until it is decided", async () => {
  const user = ben.account.user;
  await ben.end();
  await here.services.stop("account");
  const service = here.services.of("account");
  await run(madeAnew, ["forget", join(dirname(service.config), "data", "service.db"), user], { timeout: 60_000 });
  await here.services.begin("account");
  await run(madeAnew, ["register", join(here.services.folder, "people", "ben-anew"), service.url, here.services.ca, user, "ben"], { timeout: 60_000 });
  await until("cleo is back", async () => (await cleo.state()).accounts[0]!.connection === "online", 60_000);
  const inTea = async (count: number) => (await cleo.rooms()).some((one) => one.room === room && one.count === count);
  await cleo.post(cleo.in(room, "remove"), { people: [user] });
  await until("he is out", () => inTea(2));
  await cleo.post(cleo.in(room, "add"), { people: [user] });
  await until("he is in again", () => inTea(3));

  const banner = hers.getByRole("region", { name: word("blocked_title") });
  await banner.waitFor({ timeout: 60_000 });
  await composer(hers).fill("who are you?");
  expect(await button(hers.getByRole("form", { name: word("composer") }), "send").isDisabled()).toBe(true);
  await composer(hers).press("Enter");
  // It is said why, to everybody.
  await hers.getByRole("status").getByText(word("blocked_decide_first", { names: "\u2068ben\u2069" })).waitFor();
  await clean(hers, "a conversation that is blocked");
  expect(await message(hers, "who are you?").count()).toBe(0);
  expect(await composer(hers).inputValue(), "nothing that was written is lost").toBe("who are you?");

  // A narrow window shows the conversation only once its details are closed.
  await until("the details are closed", async () => {
    if ((await details(hers).count()) === 0) return true;
    await hers.keyboard.press("Escape");
    return undefined;
  });
  await hers.setViewportSize({ width: 320, height: 640 });
  await nothingCovers(hers, banner);
  await hers.setViewportSize({ width: 1280, height: 800 });
  await dismissAll(hers);
  await banner.getByRole("button").first().click();
  await details(hers).getByRole("alert").getByText(word("standing_changed_text")).waitFor();
  await clean(hers, "somebody under another key");
  await expect.poll(() => digits(hers)).toHaveLength(12);
  await button(details(hers), "accept_key").click();
  await hers.getByRole("dialog").waitFor();
  await clean(hers, "whether another key is to be taken");
  await button(hers.getByRole("dialog"), "accept_key").click();
  await banner.waitFor({ state: "detached" });
  await write(hers, "so be it");
  await until("cleo has it", async () => (await cleo.messages(room)).some((one) => one.text === "so be it"));
  expect((await cleo.messages(room)).some((one) => one.text === "who are you?")).toBe(false);
}, 180_000);
