// What people do in a window, in the words of the page.
import type { Locator, Page } from "playwright-core";
import type { Person } from "./person";
import { word } from "./words";

export const button = (at: Page | Locator, name: string, inputs: Record<string, string> = {}) => at.getByRole("button", { name: word(name, inputs), exact: true });
export const field = (at: Page | Locator, name: string) => at.getByRole("textbox", { name: word(name), exact: true });

/** Opens the conversation of that title from the inbox. */
export async function openRoom(page: Page, title: string): Promise<void> {
  const conversations = page.getByRole("list", { name: word("conversations") }).getByRole("listitem");
  await conversations.filter({ has: page.getByText(title, { exact: true }) }).getByRole("button").first().click();
  await composer(page).waitFor();
}

/** Takes up the conversation that somebody unknown has opened, whatever it is called. */
export async function takeUp(page: Page): Promise<void> {
  await page.getByRole("group", { name: word("folders") }).getByRole("button", { name: word("folder_requests") }).click();
  await page.getByRole("list", { name: word("conversations") }).getByRole("listitem").first().getByRole("button").first().click();
  await button(page.getByRole("region", { name: word("request_title") }), "request_accept").click();
  await composer(page).waitFor();
  await page.getByRole("group", { name: word("folders") }).getByRole("button", { name: word("folder_all"), exact: true }).click();
}

export const composer = (page: Page) => page.getByRole("form", { name: word("composer") }).getByRole("textbox");

export async function write(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press("Enter");
}

/** The message with this text, as it stands in the timeline. */
export const message = (page: Page, text: string | RegExp): Locator => page.getByRole("region", { name: word("messages") }).getByRole("article").filter({ hasText: text });

/** Picks from the menu of a message. */
export async function choose(page: Page, of: Locator, choice: string): Promise<void> {
  await of.hover();
  await of.getByRole("button", { name: word("more"), exact: true }).click();
  await page.getByRole("menuitem", { name: word(choice), exact: true }).click();
  // A menu does what was chosen after the focus has returned; hands are not as fast.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
}

/** Finds somebody by their card and opens the conversation with them. */
export async function findByCard(page: Page, other: Person): Promise<void> {
  const { link } = await other.get<{ link: string }>(`accounts/${other.account.id}/card`);
  await button(page, "start_new").click();
  await page.getByRole("menuitem", { name: word("start_find") }).click();
  const dialog = page.getByRole("dialog", { name: word("start_find") });
  await dialog.getByLabel(word("find_label")).fill(link);
  await button(dialog, "find").click();
  // A card says no name: only the other can tell it, once they talk.
  await dialog.getByRole("list", { name: word("found_people") }).getByRole("button").click();
  await composer(page).waitFor();
}

/** Closes what the page has told in passing, as somebody does who has read it. */
export async function dismissAll(page: Page): Promise<void> {
  const close = page.locator(".toasts").getByRole("button", { name: word("close"), exact: true });
  while ((await close.count()) > 0) await close.first().click();
}

/** Reads the recovery code that is shown and goes on to where some of its groups are asked for: those, with their fields. */
export async function codeAskedBack(page: Page): Promise<{ groups: string[]; asked: { group: string; nth: string; field: Locator }[] }> {
  const shown = page.getByRole("list", { name: word("recovery_code") });
  await shown.waitFor();
  const groups = await shown.locator("code").allInnerTexts();
  await button(page, "recovery_written").click();
  await page.getByRole("heading", { name: word("recovery_confirm_title") }).waitFor();
  const asked = [];
  for (const [i, group] of groups.entries()) {
    const nth = `${i + 1}`;
    const field = page.getByRole("textbox", { name: word("recovery_group", { n: nth }), exact: true });
    if ((await field.count()) > 0) asked.push({ group, nth, field });
  }
  return { groups, asked };
}
