// Pictures of what keeps people safe, for the documentation, into docs/screenshots: a request, a report, a decision.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { test } from "vitest";
import { button, choose, message } from "./setting/hands";
import { stage } from "./setting/stage";
import { ByCommand } from "./setting/team";
import { until } from "./setting/until";
import { plural, word } from "./setting/words";

const folder = process.env["SHOTS_FOLDER"] ?? fileURLToPath(new URL("../../../docs/screenshots", import.meta.url));
const here = stage();
const size = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 };

async function shoot(page: Page, name: string): Promise<void> {
  const path = join(folder, `${name}.png`);
  await page.mouse.move(2, 2);
  await page.waitForTimeout(400);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  if (existsSync("/usr/bin/pngquant")) execFileSync("/usr/bin/pngquant", ["--force", "--skip-if-larger", "--quality=70-95", "--output", path, path], { stdio: "ignore" });
}

test("a request of a stranger, a report, and what came of it", async () => {
  const amina = await here.person("account", "Amina");
  const sales = await here.person("phone", "Your bank");
  const { room } = await sales.post<{ room: string }>(`accounts/${sales.account.id}/rooms`, { name: "", people: [amina.account.user] });
  await until("Amina is in", async () => (await sales.rooms()).find((one) => one.room === room && one.count === 2 && one.state === "open"));
  await sales.say(room, "There is a problem with your account. Send me the code that you just got: [bank.example](https://bank.example.verify.top/login)");
  await until("Amina has it", async () => (await amina.messages(room)).length === 1);
  let page = await amina.open(here.browser, size);
  await page.getByRole("button", { name: plural("requests_wait", 1), exact: true }).click();
  await page.getByRole("list", { name: word("conversations") }).getByRole("listitem").first().getByRole("button").first().click();
  await page.getByRole("region", { name: word("request_title") }).waitFor();
  await shoot(page, "request");

  await choose(page, message(page, "Send me the code"), "report");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: word("report_reason") }).selectOption({ label: word("reason_fraud") });
  await dialog.getByRole("textbox", { name: word("report_note") }).fill("This is not my bank.");
  await shoot(page, "report");
  await button(dialog, "report_send").click();
  await dialog.waitFor({ state: "detached" });
  const lena = await ByCommand.join(here.services.of("phone"), "lena", "lead");
  await lena.decide("suspend", "--rule", "fraud", "--explain", "You asked somebody for a code by which their account can be taken over.", "--days", "30", "--message", "1");

  page = await sales.open(here.browser, size);
  await page.getByRole("list", { name: word("conversations") }).waitFor();
  await page.keyboard.press("Control+,");
  await button(page, "decisions").click();
  await page.getByRole("heading", { name: word("measure_suspended") }).waitFor();
  await shoot(page, "decision");
}, 240_000);
