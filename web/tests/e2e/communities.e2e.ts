// A community over two services: made in the window, a group put into it, which a member finds there, joins and talks in.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, composer, message, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { word } from "./setting/words";

const COMMUNITY = "Harbour quarter";
const GROUP = "Allotments";

const here = stage();
let yuki: Person;
let admin: Page;
let member: Page;

beforeAll(async () => {
  const amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  admin = await amina.open(here.browser);
  member = await yuki.open(here.browser);
});

const conversations = (page: Page) => page.getByRole("list", { name: word("conversations") });
const row = (page: Page, title: string) => conversations(page).getByRole("listitem").filter({ has: page.getByText(title, { exact: true }) });
const line = (page: Page, text: string) => page.getByRole("region", { name: word("messages") }).getByRole("article").filter({ hasText: text });
const groups = (page: Page) => page.getByRole("region", { name: word("groups"), exact: true });

/** The community stands in the list as a place where only admins write: who opens it may find no composer. */
async function openCommunity(page: Page): Promise<void> {
  await row(page, COMMUNITY).getByRole("button").first().click();
  await page.getByRole("heading", { name: COMMUNITY }).first().waitFor();
}

async function openGroup(page: Page): Promise<void> {
  await row(page, GROUP).getByRole("button").first().click();
  await page.getByRole("heading", { level: 1, name: GROUP }).waitFor();
}

async function openDetails(page: Page): Promise<void> {
  await openCommunity(page);
  const head = page.getByRole("heading", { level: 1, name: COMMUNITY }).locator("xpath=ancestor::button");
  if ((await head.getAttribute("aria-expanded")) !== "true") await head.click();
  await groups(page).waitFor();
}

test("a community is made where groups are, and somebody of another service takes it up", async () => {
  await button(admin, "start_new").click();
  await admin.getByRole("menuitem", { name: word("start_community"), exact: true }).click();
  const dialog = admin.getByRole("dialog", { name: word("start_community") });
  await dialog.getByLabel(word("community_name")).fill(COMMUNITY);
  const { link } = await yuki.get<{ link: string }>(`accounts/${yuki.account.id}/card`);
  await dialog.getByLabel(word("find_label")).fill(link);
  await button(dialog, "find").click();
  await dialog.getByRole("list", { name: word("found_people") }).getByRole("button").click();
  await clean(admin, "a new community");
  await button(dialog, "community_create").click();
  await composer(admin).waitFor();
  await write(admin, "Welcome, all of you.");

  await member.getByRole("group", { name: word("folders") }).getByRole("button", { name: word("folder_requests") }).click();
  await conversations(member).getByRole("listitem").first().getByRole("button").first().click();
  await button(member.getByRole("region", { name: word("request_title") }), "request_accept").click();
  await member.getByRole("group", { name: word("folders") }).getByRole("button", { name: word("folder_all"), exact: true }).click();
  await message(member, "Welcome, all of you.").waitFor();
  expect(await row(member, COMMUNITY).textContent()).toContain(word("community"));
});

test("a new group in it stands beneath it, and a line tells of it", async () => {
  await openDetails(admin);
  const add = async (choice: string) => {
    await button(groups(admin), "group_add").click();
    await admin.getByRole("menuitem", { name: word(choice), exact: true }).click();
    await admin.getByRole("dialog", { name: word(choice) }).waitFor();
  };
  await add("group_add_mine");
  await clean(admin, "one's own groups, for a community");
  await admin.keyboard.press("Escape");
  await add("group_add_new");
  const dialog = admin.getByRole("dialog", { name: word("group_add_new") });
  await clean(admin, "a new group in a community");
  await dialog.getByLabel(word("group_name")).fill(GROUP);
  await dialog.getByLabel(word("group_about")).fill("Seeds, water and whose turn it is");
  await dialog.locator("footer").getByRole("button").last().click();
  await groups(admin).getByText(GROUP).waitFor({ timeout: 60_000 });
  await groups(admin).getByText("Seeds, water and whose turn it is").waitFor();
  await expect.poll(() => row(admin, GROUP).getAttribute("class"), { timeout: 20_000 }).toContain("beneath");
  await clean(admin, "the details of a community");
  await line(member, GROUP).waitFor({ timeout: 60_000 });
});

test("a member finds the group there, joins it, and talks with who is in it", async () => {
  await openDetails(member);
  await groups(member).getByText("Seeds, water and whose turn it is").waitFor({ timeout: 60_000 });
  await clean(member, "the groups of a community, to a member");
  await groups(member).getByRole("button", { name: word("join") }).click();
  await composer(member).waitFor({ timeout: 60_000 });
  await expect.poll(() => row(member, GROUP).textContent(), { timeout: 60_000 }).toContain(word("part_of", { name: `\u2068${COMMUNITY}\u2069` }));
  await write(member, "I have beans to give away.");
  await openGroup(admin);
  await message(admin, "I have beans to give away.").waitFor({ timeout: 60_000 });
});

test("what is taken out of the community is no longer in its list, and who is in the group stays", async () => {
  await openDetails(admin);
  await groups(admin).getByRole("button", { name: word("more_about", { name: `\u2068${GROUP}\u2069` }) }).click();
  await admin.getByRole("menuitem", { name: word("group_take_out"), exact: true }).click();
  await admin.getByRole("dialog").waitFor();
  await clean(admin, "whether a group is to be taken out");
  await button(admin.getByRole("dialog"), "group_take_out").click();
  await groups(admin).getByText(word("groups_none")).waitFor({ timeout: 60_000 });
  await openDetails(member);
  await groups(member).getByText(word("groups_none")).waitFor({ timeout: 60_000 });
  await openGroup(member);
  await message(member, "I have beans to give away.").waitFor();
});
