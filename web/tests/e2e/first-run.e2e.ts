// From the launch link to an empty inbox, on each profile; and a launch link that somebody else used.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
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
  await field(page, { account: "account_name", handle: "handle", phone: "phone_number" }[profile]).fill(identifier);
  if (profile === "phone") {
    await button(page, "send_code").click();
    await field(page, "code").fill(await here.services.code(identifier));
  }
  await button(page, "create_account").click();
  if (profile === "account") await writeDown(page);
  else {
    await button(page, "later").click();
    await button(page, "later_go").click();
  }
  await page.getByRole("heading", { name: word("inbox_empty_title") }).waitFor();
}

/** The recovery code as somebody takes it who has pen and paper: first wrong, then all groups that are asked for. */
async function writeDown(page: Page): Promise<void> {
  const shown = page.getByRole("list", { name: word("recovery_code") });
  await shown.waitFor();
  const groups = await shown.locator("code").allInnerTexts();
  expect(groups.length).toBeGreaterThan(3);
  await button(page, "recovery_written").click();
  const asked = groups.map((group, i) => ({ group, nth: `${i + 1}`, field: page.getByRole("textbox", { name: word("recovery_group", { n: `${i + 1}` }), exact: true }) }));
  await page.getByRole("heading", { name: word("recovery_confirm_title") }).waitFor();
  const there = [];
  for (const one of asked) if ((await one.field.count()) > 0) there.push(one);
  expect(there.length, "some groups are asked for, not all").toBe(3);
  for (const { field } of there) await field.fill("XXXX");
  await button(page, "confirm").click();
  await page.getByRole("alert").getByText(word("recovery_group_wrong", { n: there[0]!.nth })).waitFor();
  for (const { group, field } of there) await field.fill(group.toLowerCase());
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
  expect(accounts).toMatchObject([{ name, profile, primary: true, recovery: profile === "account" ? "confirmed" : "unconfirmed" }]);
  expect(await page.evaluate(() => location.hash), "the launch token is gone from the address").toBe("");
});

test("a launch link that was used already is refused with a sentence", async () => {
  const person = here.people[0]!;
  const stranger = await here.browser.newContext();
  const page = await stranger.newPage();
  await page.goto(person.link);
  await page.getByRole("heading", { name: word("locked_out_title") }).waitFor();
  await page.getByText(word("locked_out_text")).waitFor();
  expect(await page.getByText(person.name).count()).toBe(0);
  await stranger.close();
});
