// A minor makes an account and links a guardian; the guardian opens it and closes it, and sees nothing else.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, field } from "./setting/hands";
import { identifiers } from "./setting/person";
import { stage } from "./setting/stage";
import { word } from "./setting/words";

const here = stage();

async function openMinors(page: Page): Promise<void> {
  await page.getByRole("heading", { name: word("inbox_empty_title") }).waitFor();
  await page.keyboard.press("Control+,");
  await button(page, "minors").click();
}

test("a minor's account is made in the first run, and its guardian opens and closes it", async () => {
  const kim = await here.newcomer("Kim");
  const first = await kim.open(here.browser);
  await button(first, "first_new").click();
  await first.getByRole("radio", { name: here.services.of("handle").domain }).check();
  await button(first, "next").click();
  await field(first, "display_name").fill("Kim");
  await field(first, "handle").fill(identifiers.handle("Kim"));
  await first.getByRole("checkbox", { name: word("under_age") }).check();
  await field(first, "born").fill("2012-05");
  await clean(first, "the first run of a minor");
  await button(first, "create_account").click();
  await first.getByRole("list", { name: word("recovery_code") }).waitFor();
  const { accounts } = await kim.state();
  kim.account = accounts[0]!;
  const page = await kim.another();
  await openMinors(page);
  await page.getByText(word("minor_open_connections")).waitFor();
  await page.getByText("2030-05").waitFor();
  await button(page, "guardian_link_show").click();
  const link = await field(page, "guardian_link").inputValue();
  await clean(page, "a minor's account");

  const mum = await here.person("account", "Mum");
  const hers = await mum.open(here.browser);
  await openMinors(hers);
  await field(hers, "guardian_link_take").fill(link);
  await button(hers, "guardian_become").click();
  await hers.getByText(word("minor_open_connections")).waitFor();
  await button(hers, "guardian_open_found", { days: "30" }).click();
  await hers.getByText(word("minor_open_found").replace(/\.$/, "")).waitFor();
  await clean(hers, "a guardian's list");
  expect(await mum.post<unknown[]>(`accounts/${mum.account.id}/find`, { whom: `kim@${here.services.of("handle").domain}` })).toHaveLength(1);
  await button(hers, "guardian_close").click();
  await hers.getByText(word("minor_open_connections")).waitFor();
  expect(await mum.post<unknown[]>(`accounts/${mum.account.id}/find`, { whom: `kim@${here.services.of("handle").domain}` })).toHaveLength(0);
});
