// From the launch link to an empty inbox, on each profile; and a launch link that somebody else used.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { clean } from "./setting/axe";
import { codeAskedBack } from "./setting/hands";
import { identifiers } from "./setting/person";
import type { Profile } from "./setting/services";
import { stage } from "./setting/stage";
import { word } from "./setting/words";

const MINUTE = 60_000;
const here = stage();

const button = (page: Page, name: string) => page.getByRole("button", { name: word(name), exact: true });
const field = (page: Page, name: string) => page.getByRole("textbox", { name: word(name), exact: true });

async function enter(page: Page, profile: Profile, name: string): Promise<void> {
  await button(page, "first_new").click();
  await page.getByRole("radio", { name: here.services.of(profile).domain }).check();
  await button(page, "next").click();
  await field(page, "display_name").fill(name);
  const identifier = identifiers[profile](name);
  await field(page, { account: "account_name", handle: "handle", phone: "phone_number" }[profile]).fill(asWritten(profile, identifier));
  if (profile === "phone") {
    await button(page, "send_code").click();
    await field(page, "code").fill(await here.services.code(identifier));
  }
  await button(page, "create_account").click();
  await page.getByRole("list", { name: word("recovery_code") }).waitFor();
  expect(await button(page, "later").count(), "the code is no offer").toBe(0);
  await writeDown(page, profile === "account");
  await page.getByRole("heading", { name: word("inbox_empty_title") }).waitFor();
}

/** A number as people write it: the page's own example has spaces too. */
const asWritten = (profile: Profile, identifier: string) => (profile === "phone" ? identifier.replace(/^(\+\d{3})(\d{2})/, "$1 ($2) ") : identifier);

/** The recovery code as somebody takes it who has pen and paper: some of its groups typed back, wrong at first. */
async function writeDown(page: Page, slips: boolean): Promise<void> {
  const { asked, groups } = await codeAskedBack(page);
  expect(groups.length).toBeGreaterThan(3);
  expect(asked.length, "some groups are asked for, not all").toBe(3);
  if (slips) {
    for (const { field } of asked) await field.fill("XXXX");
    await button(page, "confirm").click();
    await page.getByRole("alert").getByText(word("recovery_group_wrong", { n: asked[0]!.nth })).waitFor();
  }
  for (const { group, field } of asked) await field.fill(group.toLowerCase());
  await button(page, "confirm").click();
}

test.each<[Profile, string]>([
  ["account", "Amina"],
  ["handle", "Yuki"],
  ["phone", "Oleh"],
])("a first run on a service with the profile %s leads to the inbox", async (profile, name) => {
  const person = await here.newcomer(name);
  const began = performance.now();
  const page = await person.open(here.browser);
  await enter(page, profile, name);
  const took = performance.now() - began;
  console.log(`${profile}: from the link to the inbox in ${Math.round(took)} ms`);
  expect(took).toBeLessThan(MINUTE);

  const { accounts } = await person.state();
  expect(accounts).toMatchObject([{ name, profile, primary: true, recovery: "confirmed" }]);
  expect(await page.evaluate(() => location.hash), "the launch token is gone from the address").toBe("");
});

test("who is known by their card only is not found by name, and the page says what to ask for", async () => {
  const amina = here.people[0]!;
  amina.watch.allow(/4\d\d .*\/find$/);
  const page = await amina.another();
  await button(page, "start_new").click();
  await page.getByRole("menuitem", { name: word("start_find") }).click();
  const dialog = page.getByRole("dialog", { name: word("start_find") });
  await dialog.getByLabel(word("find_label")).fill(`amina@${here.services.of("account").domain}`);
  await button(page, "find").click();
  await dialog.getByRole("alert").getByText(word("find_by_card")).waitFor();
});

test("a number or handle that cannot be one is refused by its own name", async () => {
  const person = await here.newcomer("Wrong");
  person.watch.allow(/4\d\d .*\/api\/v1\//);
  const page = await person.open(here.browser);
  for (const [profile, label, wrong, said] of [
    ["phone", "phone_number", "+49 151", "error_bad_number"],
    ["handle", "handle", "a b!", "error_bad_handle"],
  ] as const) {
    await button(page, "first_new").click();
    await page.getByRole("radio", { name: here.services.of(profile).domain }).check();
    await button(page, "next").click();
    await field(page, "display_name").fill("Wrong");
    await field(page, label).fill(wrong);
    await button(page, profile === "phone" ? "send_code" : "create_account").click();
    await page.getByRole("alert").getByText(word(said)).waitFor();
    // The browser's own way back and the page's are one.
    await page.goBack();
    await page.getByRole("heading", { name: word("service_title") }).waitFor();
    await button(page, "back").click();
    await page.getByRole("heading", { name: word("first_title") }).waitFor();
  }
});

test("a launch link that was used already is refused with a sentence", async () => {
  const person = here.people[0]!;
  const stranger = await here.browser.newContext();
  const page = await stranger.newPage();
  // The refusal comes before the language does.
  await page.route("**/assets/en-*.js", async (route) => {
    await page.waitForResponse((response) => response.url().endsWith("/session"));
    await route.continue();
  });
  await page.goto(person.link);
  await page.getByRole("heading", { name: word("locked_out_title") }).waitFor();
  await page.getByText(word("locked_out_text")).waitFor();
  await clean(page, "locked out");
  expect(await page.getByText(person.name).count()).toBe(0);
  await stranger.close();
});
