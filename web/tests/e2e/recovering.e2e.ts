// The only device is lost: the recovery code brings everything back, or the PIN; and whoever guesses the PIN locks it.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, dismissAll, field, message, openRoom, write } from "./setting/hands";
import { identifiers, type Person } from "./setting/person";
import type { Profile } from "./setting/services";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { plural, word } from "./setting/words";

/** Stretching a PIN takes its time, in a program with debug information above all. */
const STRETCHED = 60_000;
const TRIES = 10;
const here = stage();
let oleh: Person;
let his: Page;

beforeAll(async () => {
  oleh = await here.person("phone", "Oleh");
  his = await oleh.open(here.browser);
});

/** Somebody with a group that has a name, a past in it, and the screen of recovery open. */
async function withPast(profile: Profile, name: string): Promise<{ person: Person; page: Page; room: string }> {
  const person = await here.person(profile, name);
  const room = await person.room(`${name}'s circle`, oleh);
  await oleh.say(room, `long ago, to ${name}`);
  await person.say(room, `long ago, by ${name}`);
  const page = await person.open(here.browser);
  await button(page, "settings").click();
  await page.getByRole("main").getByRole("button", { name: word("recovery"), exact: true }).click();
  return { person, page, room };
}

/** The device goes, with its folder as good as gone; everything that was done is in the backup. */
async function lose(person: Person, room: string, last: string): Promise<void> {
  await oleh.say(room, last);
  await until("the last of it is there", async () => (await person.messages(room)).some((one) => one.text === last));
  await until("it is kept", async () => {
    const { waiting, last } = await person.get<{ waiting: boolean; last: number | null }>(`accounts/${person.account.id}/recovery`);
    return last !== null && !waiting;
  });
  await person.end();
}

/** On a device that knows nothing, up to where the code or the PIN is asked for. */
async function comeBack(name: string, profile: Profile, way: "have_code" | "have_pin"): Promise<{ person: Person; page: Page }> {
  const person = await here.newcomer(name);
  // The browser says of each try that it was refused.
  person.watch.allow(/status of (404|409|422) .*\/recover(\/pin)?$/);
  const page = await person.open(here.browser);
  await button(page, "first_have").click();
  await page.getByRole("button", { name: word(way) }).click();
  await page.getByRole("radio", { name: here.services.of(profile).domain }).check();
  await button(page, "next").click();
  return { person, page };
}

/** Names, conversations and the past are there, and both go on talking. */
async function isBack(page: Page, name: string, last: string): Promise<void> {
  await openRoom(page, `${name}'s circle`);
  for (const text of [`long ago, to ${name}`, `long ago, by ${name}`, last]) await message(page, text).waitFor({ timeout: STRETCHED });
  await message(page, `long ago, by ${name}`).locator("[data-stage]").waitFor();
  await message(page, `long ago, to ${name}`).getByRole("button", { name: "Oleh", exact: true }).waitFor();
  await openRoom(his, `${name}'s circle`);
  await write(page, `${name} is back`);
  await message(his, `${name} is back`).waitFor({ timeout: STRETCHED });
  await write(his, `welcome, ${name}`);
  await message(page, `welcome, ${name}`).waitFor({ timeout: STRETCHED });
  await dismissAll(his);
}

test("the recovery code that was written down brings everything back on a new device", async () => {
  const { person, page, room } = await withPast("account", "Amina");
  await button(page, "recovery_make").click();
  const groups = page.getByRole("list", { name: word("recovery_code") }).getByRole("listitem").locator("code");
  await groups.first().waitFor();
  const code = await groups.allInnerTexts();
  await clean(page, "the recovery code");
  person.watch.allow(/422 .*\/recovery\/confirm$/);
  // Written down, but not typed back: the one on paper can still be confirmed.
  await button(page, "cancel").click();
  await page.getByText(word("recovery_is_unconfirmed")).waitFor();
  await page.getByText(word("recovery_void")).waitFor();
  await button(page, "recovery_have").click();
  await field(page, "recovery_code").fill(code.slice(1).join("-"));
  await button(page, "confirm").click();
  await page.getByRole("alert").getByText(word("error_bad_recovery_code")).waitFor();
  await clean(page, "the recovery code, asked back and wrong");
  await field(page, "recovery_code").fill(code.join(" ").toLowerCase());
  await button(page, "confirm").click();
  await page.getByText(word("recovery_is_confirmed")).waitFor();
  await clean(page, "a recovery code that is confirmed");
  await lose(person, room, "the last before Amina's device was lost");

  const back = await comeBack("Amina's new laptop", "account", "have_code");
  const typed = field(back.page, "recovery_code");
  const last = code.at(-1)!;
  const slip = [...code.slice(0, -1), last.slice(0, -1) + (last.endsWith("0") ? "1" : "0")];
  await typed.fill(slip.join("-"));
  await button(back.page, "restore").click();
  await back.page.getByRole("alert").getByText(word("error_bad_recovery_code")).waitFor();
  await clean(back.page, "a recovery code with a slip");
  await typed.fill(code.join(" ").toLowerCase());
  await button(back.page, "restore").click();
  await isBack(back.page, "Amina", "the last before Amina's device was lost");
  expect((await back.person.state()).accounts).toMatchObject([{ name: "Amina", profile: "account", primary: true, recovery: "confirmed" }]);
}, 240_000);

async function setPin(page: Page, pin: string, identifier?: string): Promise<void> {
  await page.getByLabel(word("pin_new"), { exact: true }).fill(pin);
  await page.getByLabel(word("pin_again"), { exact: true }).fill(pin);
  if (identifier) await field(page, "pin_identifier").fill(identifier);
  await button(page, "pin_save").click();
  await page.getByText(word("pin_set")).waitFor({ timeout: STRETCHED });
}

/** Presses the button and waits for what the page says. */
async function tryPin(page: Page, pin: string): Promise<string> {
  await page.getByLabel(word("pin"), { exact: true }).fill(pin);
  await button(page, "restore").click();
  const said = page.getByRole("main").getByRole("alert");
  await button(page, "restoring").waitFor();
  await said.waitFor({ timeout: STRETCHED });
  return said.innerText();
}

test("a PIN alone brings everything back, and a slip costs one try", async () => {
  const { person, page, room } = await withPast("handle", "Yuki");
  await setPin(page, "2718 or so");
  await lose(person, room, "the last before Yuki's device was lost");

  const back = await comeBack("Yuki's new laptop", "handle", "have_pin");
  await field(back.page, "identifier_any").fill(identifiers.handle("Yuki"));
  expect(await tryPin(back.page, "2718 or not")).toBe(`${word("error_pin_wrong")} ${plural("pin_left", TRIES - 1)}`);
  await clean(back.page, "a PIN that is wrong");
  await back.page.getByLabel(word("pin"), { exact: true }).fill("2718 or so");
  await button(back.page, "restore").click();
  await isBack(back.page, "Yuki", "the last before Yuki's device was lost");
  expect((await back.person.state()).accounts).toMatchObject([{ name: "Yuki", profile: "handle", primary: true }]);
}, 240_000);

test("a PIN is kept where its person chooses, seen, and taken back after a question", async () => {
  const { person, page } = await withPast("handle", "Noor");
  const { limits } = await person.get<{ limits: { pin_shortest: number } }>("state");
  expect(await page.getByLabel(word("pin_new"), { exact: true }).getAttribute("minlength")).toBe(String(limits.pin_shortest));
  await page.getByText(word("pin_is_none")).waitFor();
  const [one, other] = (["account", "phone"] as const).map((profile) => here.services.of(profile).domain);
  const choice = (domain: string) => page.getByRole("checkbox", { name: domain, exact: true });
  await choice(one!).uncheck();
  await page.getByLabel(word("pin_new"), { exact: true }).fill("a cup of tea");
  await page.getByLabel(word("pin_again"), { exact: true }).fill("a cup of tea");
  await button(page, "pin_save").click();
  await page.getByRole("alert").getByText(word("pin_choose_two")).waitFor();
  await clean(page, "a new PIN with too few services");
  await choice(one!).check();
  await setPin(page, "a cup of tea");
  const pin = () => person.get<{ set: boolean; services: string[] }>(`accounts/${person.account.id}/pin`);
  // The one that was chosen last comes last.
  const kept = page.getByText(/^A PIN is set/);
  await kept.waitFor({ timeout: STRETCHED });
  await clean(page, "a PIN that is set");
  for (const domain of [one!, other!]) expect(await kept.innerText()).toContain(domain);
  expect(await pin()).toEqual({ set: true, services: [here.services.of("handle").url, here.services.of("phone").url, here.services.of("account").url] });

  await button(page, "pin_remove").click();
  await clean(page, "whether a PIN is to be taken back");
  await button(page.getByRole("dialog"), "cancel").click();
  expect((await pin()).set).toBe(true);
  await button(page, "pin_remove").click();
  await button(page.getByRole("dialog"), "pin_remove").click();
  await page.getByText(word("pin_is_none")).waitFor({ timeout: STRETCHED });
  expect((await pin()).set).toBe(false);
}, 240_000);

test("with a phone number each try of the PIN needs a new one-time code", async () => {
  const { person, page, room } = await withPast("phone", "Tamar");
  await setPin(page, "evening tea");
  await lose(person, room, "the last before Tamar's device was lost");

  const back = await comeBack("Tamar's new phone", "phone", "have_pin");
  const number = identifiers.phone("Tamar");
  await field(back.page, "identifier_any").fill(number);
  const withCode = async () => {
    const before = here.services.codes(number);
    await button(back.page, "send_code").click();
    await field(back.page, "code").fill(await here.services.code(number, before));
  };
  await withCode();
  await clean(back.page, "a one-time code for the PIN");
  expect(await tryPin(back.page, "morning tea")).toContain(plural("pin_left", TRIES - 1));
  await withCode();
  await back.page.getByLabel(word("pin"), { exact: true }).fill("evening tea");
  await button(back.page, "restore").click();
  await isBack(back.page, "Tamar", "the last before Tamar's device was lost");
}, 240_000);

test("whoever guesses is told how many tries are left, then that it is locked, and it stays locked", async () => {
  const { person, page } = await withPast("account", "Ben");
  await setPin(page, "only I know", identifiers.account("Ben"));
  await person.end();

  const guesser = await comeBack("Somebody", "account", "have_pin");
  await field(guesser.page, "identifier_any").fill(identifiers.account("Ben"));
  for (let left = TRIES - 1; left > 0; left--)
    expect(await tryPin(guesser.page, `guess ${left}`)).toBe(`${word("error_pin_wrong")} ${plural("pin_left", left)}`);
  expect(await tryPin(guesser.page, "guess 0"), "the last try").toBe(word("error_pin_locked"));
  expect(await tryPin(guesser.page, "only I know"), "who knows it is as late").toBe(word("error_pin_locked"));

  const later = await comeBack("Ben's new laptop", "account", "have_pin");
  await field(later.page, "identifier_any").fill(identifiers.account("Ben"));
  expect(await tryPin(later.page, "only I know"), "from anywhere").toBe(word("error_pin_locked"));
  await clean(later.page, "a PIN that is locked");
  expect((await later.person.state()).accounts).toEqual([]);
  // The way that is left stands below.
  await button(later.page, "have_code").click();
  await field(later.page, "recovery_code").waitFor();
}, 240_000);
