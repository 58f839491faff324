// Everything of an account is written into a folder, from the settings.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, field } from "./setting/hands";
import { stage } from "./setting/stage";
import { word } from "./setting/words";

const here = stage();

test("a folder that is new gets everything, and one that is not whole is refused in words", async () => {
  const amina = await here.person("account", "Amina");
  const yuki = await here.person("handle", "Yuki");
  const room = await yuki.room("Tea", amina);
  await amina.say(room, "to be kept");
  amina.watch.allow(/422 .*\/export$/);
  const page = await amina.open(here.browser);
  await button(page, "settings").click();
  await page.getByRole("main").getByRole("button", { name: word("recovery"), exact: true }).click();
  await field(page, "export_folder").fill("not/whole");
  await button(page, "export_start").click();
  await page.getByRole("alert").getByText("whole path").waitFor();
  await clean(page, "a folder that is refused");
  const folder = join(amina.home, "everything");
  await field(page, "export_folder").fill(folder);
  await button(page, "export_start").click();
  await page.getByText(word("export_done")).waitFor();
  await clean(page, "everything was written");
  expect(existsSync(folder) && readdirSync(folder).length).toBeGreaterThan(0);
});
