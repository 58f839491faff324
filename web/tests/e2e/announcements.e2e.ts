// A conversation in which only admins write, across three services: who may not write sees why, and reacts.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, choose, composer, dismissAll, message, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { word } from "./setting/words";

const NAME = "Evacuation notices";

const here = stage();
let amina: Person;
let yuki: Person;
let oleh: Person;
let admin: Page;
let member: Page;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  oleh = await here.person("phone", "Oleh");
  admin = await amina.open(here.browser);
  member = await yuki.open(here.browser);
});

const line = (page: Page, text: string) => page.getByRole("region", { name: word("messages") }).getByRole("article").filter({ hasText: text });
const onlyAdmins = (page: Page) => page.getByText(word("only_admins_here"), { exact: true });

test("it is made in the window, and a member finds no place to write", async () => {
  await button(admin, "start_new").click();
  await admin.getByRole("menuitem", { name: word("start_group"), exact: true }).click();
  const dialog = admin.getByRole("dialog", { name: word("start_group") });
  await dialog.getByLabel(word("group_name")).fill(NAME);
  for (const other of [yuki, oleh]) {
    const { link } = await other.get<{ link: string }>(`accounts/${other.account.id}/card`);
    await dialog.getByLabel(word("find_label")).fill(link);
    await button(dialog, "find").click();
    await dialog.getByRole("list", { name: word("found_people") }).getByRole("button").click();
  }
  await dialog.getByRole("checkbox", { name: word("only_admins") }).check();
  await dialog.locator("footer").getByRole("button").last().click();
  await composer(admin).waitFor();
  await write(admin, "The bus leaves at eight.");

  await member.getByRole("group", { name: word("folders") }).getByRole("button", { name: word("folder_requests") }).click();
  await member.getByRole("list", { name: word("conversations") }).getByRole("listitem").first().getByRole("button").first().click();
  await button(member.getByRole("region", { name: word("request_title") }), "request_accept").click();
  await onlyAdmins(member).waitFor();
  await member.getByRole("group", { name: word("folders") }).getByRole("button", { name: word("folder_all"), exact: true }).click();
  await message(member, "The bus leaves at eight.").waitFor();
  await clean(member, "where only admins write");
  expect(await composer(member).count()).toBe(0);
  const row = member.getByRole("list", { name: word("conversations") }).getByRole("button", { name: NAME }).first();
  expect(await row.textContent()).toContain(word("only_admins"));
});

test("what would be refused is not offered: no reply by menu, key or button, no file by dropping", async () => {
  const said = message(member, "The bus leaves at eight.");
  await said.hover();
  expect(await said.getByRole("button", { name: word("reply"), exact: true }).count()).toBe(0);
  await button(said, "more").click();
  const menu = member.getByRole("menu", { name: word("message_menu") });
  await menu.getByRole("menuitem", { name: word("copy"), exact: true }).waitFor();
  expect(await menu.getByRole("menuitem", { name: word("reply"), exact: true }).count()).toBe(0);
  expect(await menu.getByRole("menuitem", { name: word("react"), exact: true }).count()).toBe(1);
  await member.keyboard.press("Escape");
  await said.focus();
  await member.keyboard.press("r");
  expect(await member.getByText(word("replying_to", { name: "\u2068Amina\u2069" })).count()).toBe(0);

  await member.locator(".conversation").evaluate((place) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["a"], "a.txt"));
    for (const type of ["dragover", "drop"]) place.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  });
  await member.locator(".toasts").getByText(word("only_admins_here")).waitFor();
  expect(await member.getByText("a.txt").count()).toBe(0);
  await dismissAll(member);

  // The head's menu has no timer to set, and forwarding leads elsewhere.
  await member.getByRole("button", { name: word("more_about", { name: `\u2068${NAME}\u2069` }) }).last().click();
  await member.getByRole("menuitem", { name: word("search_here"), exact: true }).waitFor();
  expect(await member.getByRole("menuitem", { name: word("timer_choose"), exact: true }).count()).toBe(0);
  await member.keyboard.press("Escape");
  await choose(member, said, "forward");
  const forward = member.getByRole("dialog");
  await forward.getByRole("searchbox").waitFor();
  await member.waitForTimeout(300);
  expect(await forward.getByRole("checkbox").count()).toBe(0);
  await member.keyboard.press("Escape");
  await forward.waitFor({ state: "detached" });
});

test("a member reacts, and the admin sees it", async () => {
  const said = message(member, "The bus leaves at eight.");
  await choose(member, said, "react");
  await member.getByRole("dialog", { name: word("emoji") }).getByText("👍", { exact: true }).click();
  await message(admin, "The bus leaves at eight.").getByRole("list", { name: word("reactions") }).getByText("👍").waitFor();
});

test("the admin lets everybody write: both see the line, the member a place to write, and it goes back", async () => {
  await takeUpAs(oleh);
  await admin.getByRole("heading", { level: 1, name: NAME }).click();
  const writers = admin.getByRole("checkbox", { name: word("only_admins") });
  await expect.poll(() => writers.isChecked()).toBe(true);
  await writers.uncheck();
  const everybody = word("note_everybody_writes", { by: "\u2068Amina\u2069" });
  for (const page of [admin, member]) await line(page, everybody).waitFor();
  await composer(member).waitFor();
  await write(member, "Room for two more?");
  await message(admin, "Room for two more?").waitFor();

  await composer(member).fill("And one");
  await writers.check();
  const again = word("note_only_admins_write", { by: "\u2068Amina\u2069" });
  for (const page of [admin, member]) await line(page, again).waitFor();
  await onlyAdmins(member).waitFor();
  // What had been said before can be taken back, and no longer changed.
  const said = message(member, "Room for two more?");
  await said.hover();
  await button(said, "more").click();
  await member.getByRole("menuitem", { name: word("unsend"), exact: true }).waitFor();
  expect(await member.getByRole("menuitem", { name: word("edit"), exact: true }).count()).toBe(0);
  await member.keyboard.press("Escape");
});

test("who becomes an admin gets a place to write, with what they had begun", async () => {
  const details = admin.getByRole("region", { name: word("details") });
  await details.getByRole("button", { name: word("more_about", { name: "\u2068Yuki\u2069" }) }).click();
  await admin.getByRole("menuitem", { name: word("make_admin"), exact: true }).click();
  await button(admin.getByRole("dialog"), "make_admin").click();
  await composer(member).waitFor();
  await expect.poll(() => composer(member).inputValue()).toBe("And one");
  await composer(member).press("Enter");
  await message(admin, "And one").waitFor();
});

test("a third service reads it all, and what its program sends against the rules is refused", async () => {
  const room = (await oleh.rooms()).find((one) => one.name === NAME)!;
  expect(room.announcement).toBe(true);
  await expect.poll(async () => (await oleh.messages(room.room)).map((one) => one.text), { timeout: 20_000 }).toContain("And one");
  await expect(oleh.say(room.room, "against the rules")).rejects.toThrow("403");
  const page = await oleh.open(here.browser);
  await page.getByRole("list", { name: word("conversations") }).getByRole("button", { name: NAME }).first().click();
  await onlyAdmins(page).waitFor();
});

async function takeUpAs(person: Person): Promise<void> {
  const room = (await person.rooms()).find((one) => one.name === NAME)!;
  await person.post(person.in(room.room, "marks"), { accepted: true });
}
