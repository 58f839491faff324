// A poll is made in one window, voted on in windows on other services, and counts the same in all of them.
import type { Locator, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, message, openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { plural, word } from "./setting/words";

const QUESTION = "Which evening for the choir?";
const here = stage();
let pages: Page[];

beforeAll(async () => {
  const people: Person[] = [await here.person("account", "Amina"), await here.person("handle", "Yuki"), await here.person("phone", "Oleh")];
  await people[0]!.room("Choir", people[1]!, people[2]!);
  pages = [];
  for (const person of people) pages.push(await person.open(here.browser));
  for (const page of pages) await openRoom(page, "Choir");
}, 120_000);

async function ask(page: Page, question: string, answers: string[], several: boolean): Promise<void> {
  await button(page, "add_to_message").click();
  await page.getByRole("menuitem", { name: word("poll_new"), exact: true }).click();
  const dialog = page.getByRole("dialog", { name: word("poll_new") });
  await dialog.getByLabel(word("poll_question")).fill(question);
  for (const [i, answer] of answers.entries()) {
    if (i > 1) await button(dialog, "poll_add_option").click();
    await dialog.getByLabel(word("poll_option", { n: String(i + 1) }), { exact: true }).fill(answer);
  }
  if (several) await dialog.getByLabel(word("poll_allow_several")).check();
  await button(dialog, "send").click();
  await dialog.waitFor({ state: "detached" });
}

const poll = (page: Page, question = QUESTION) => page.getByRole("region", { name: word("messages") }).getByRole("group", { name: question });
const answer = (at: Locator, name: string) => at.locator("label").filter({ hasText: name });

/** Every window counts so, and says how many took part. */
async function counts(question: string, votes: Record<string, number>, voters: number): Promise<void> {
  for (const page of pages) {
    const at = poll(page, question);
    for (const [name, n] of Object.entries(votes)) await expect.poll(() => answer(at, name).locator(".votes").innerText(), { timeout: 20_000, message: name }).toBe(String(n));
    await at.getByText(plural("poll_voters", voters), { exact: true }).waitFor();
  }
}

test("a poll with too few answers is not sent, and one with three stands in every window", async () => {
  const page = pages[0]!;
  await button(page, "add_to_message").click();
  await page.getByRole("menuitem", { name: word("poll_new"), exact: true }).click();
  const dialog = page.getByRole("dialog", { name: word("poll_new") });
  await dialog.getByLabel(word("poll_question")).fill(QUESTION);
  await dialog.getByLabel(word("poll_option", { n: "1" }), { exact: true }).fill("Thursday");
  await dialog.getByLabel(word("poll_option", { n: "2" }), { exact: true }).fill(" Thursday ");
  await button(dialog, "send").click();
  await dialog.getByRole("alert").getByText(word("poll_too_few")).waitFor();
  await clean(page, "a new poll with too few answers");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });

  await ask(page, QUESTION, ["Thursday", "Friday", "Sunday, after tea"], false);
  for (const one of pages) await poll(one).waitFor();
  await counts(QUESTION, { Thursday: 0, Friday: 0, "Sunday, after tea": 0 }, 0);
});

test("votes from three services are counted in all windows, and one can be changed and taken back", async () => {
  const [hers, his, third] = pages as [Page, Page, Page];
  await answer(poll(his), "Friday").getByRole("radio").check();
  await counts(QUESTION, { Thursday: 0, Friday: 1, "Sunday, after tea": 0 }, 1);
  await answer(poll(third), "Friday").getByRole("radio").check();
  await answer(poll(hers), "Thursday").getByRole("radio").check();
  await counts(QUESTION, { Thursday: 1, Friday: 2, "Sunday, after tea": 0 }, 3);
  // Whose vote it was can be seen.
  await expect.poll(() => answer(poll(hers), "Friday").getAttribute("title")).toMatch(/Yuki and Oleh|Oleh and Yuki/);
  await clean(hers, "a poll with votes");

  await answer(poll(his), "Sunday, after tea").getByRole("radio").check();
  await counts(QUESTION, { Thursday: 1, Friday: 1, "Sunday, after tea": 1 }, 3);
  await button(poll(hers), "poll_take_back").click();
  await counts(QUESTION, { Thursday: 0, Friday: 1, "Sunday, after tea": 1 }, 2);
  expect(await answer(poll(hers), "Thursday").getByRole("radio").isChecked(), "nothing is chosen any more").toBe(false);
  expect(await answer(poll(his), "Sunday, after tea").getByRole("radio").isChecked()).toBe(true);
});

test("where several may be chosen, each counts by itself", async () => {
  const question = "What do you bring?";
  await ask(pages[1]!, question, ["Candles", "Biscuits"], true);
  for (const page of pages) await poll(page, question).waitFor();
  const at = (page: Page, name: string) => answer(poll(page, question), name).getByRole("checkbox");
  await at(pages[0]!, "Candles").check();
  await counts(question, { Candles: 1, Biscuits: 0 }, 1);
  await at(pages[0]!, "Biscuits").check();
  await at(pages[2]!, "Biscuits").check();
  await counts(question, { Candles: 1, Biscuits: 2 }, 2);
  await clean(pages[0]!, "a poll of which several may be chosen");
  await at(pages[0]!, "Candles").uncheck();
  await counts(question, { Candles: 0, Biscuits: 2 }, 2);
});

test("after the page is loaded anew the votes are what they were", async () => {
  await pages[1]!.reload();
  await openRoom(pages[1]!, "Choir");
  await counts(QUESTION, { Thursday: 0, Friday: 1, "Sunday, after tea": 1 }, 2);
  expect(await message(pages[1]!, QUESTION).count()).toBe(1);
});
