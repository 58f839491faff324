// From the launch link to an empty inbox, on each profile; and a launch link that somebody else used.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch } from "./setting/browser";
import { identifiers, Person } from "./setting/person";
import { Services, type Profile } from "./setting/services";
import { word } from "./setting/words";

/** Milliseconds from the link to the inbox. */
const MINUTE = 60_000;

let services: Services;
let browser: Browser;
const people: Person[] = [];

beforeAll(async () => {
  services = await Services.start();
  browser = await launch();
});

afterAll(async () => {
  for (const person of people) await person.end();
  await browser?.close();
  await services?.end();
});

const button = (page: Page, name: string) => page.getByRole("button", { name: word(name), exact: true });

async function enter(page: Page, profile: Profile, name: string): Promise<void> {
  await button(page, "first_new").click();
  await page.getByRole("radio", { name: services.of(profile).domain }).check();
  await button(page, "next").click();
  await page.getByLabel(word("display_name")).fill(name);
  const label = { account: "account_name", handle: "handle", phone: "phone_number" }[profile];
  const identifier = identifiers[profile](name);
  await page.getByRole("textbox", { name: word(label), exact: true }).fill(identifier);
  if (profile === "phone") {
    await button(page, "send_code").click();
    await page.getByLabel(word("code"), { exact: true }).fill(await services.code(identifier));
  }
  await button(page, "create_account").click();
  await button(page, "later").click();
  await button(page, "later_go").click();
}

test.each<[Profile, string]>([
  ["account", "Amina"],
  ["handle", "Yuki"],
  ["phone", "Oleh"],
])("a first run on a service with the profile %s leads to the inbox", async (profile, name) => {
  const person = await Person.start(services, name);
  people.push(person);
  const began = performance.now();
  const page = await person.open(browser);
  await enter(page, profile, name);
  await page.getByRole("heading", { name: word("inbox_empty_title") }).waitFor();
  const took = performance.now() - began;
  console.log(`${profile}: from the link to the inbox in ${Math.round(took)} ms`);
  expect(took).toBeLessThan(MINUTE);

  const { accounts } = await person.state();
  expect(accounts).toMatchObject([{ name, profile, primary: true }]);
  expect(await page.evaluate(() => location.hash), "the launch token is gone from the address").toBe("");
  expect(person.watch.all).toEqual([]);
});

test("a launch link that was used already is refused with a sentence", async () => {
  const person = people[0]!;
  const stranger = await browser.newContext();
  const page = await stranger.newPage();
  await page.goto(person.link);
  await page.getByRole("heading", { name: word("locked_out_title") }).waitFor();
  await page.getByText(word("locked_out_text")).waitFor();
  expect(await page.getByText("Amina").count()).toBe(0);
  await stranger.close();
});
