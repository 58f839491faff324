// Pictures of the safety team's page for the documentation, into docs/screenshots.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "vitest";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { invite, Reviewer } from "./setting/team";
import { until } from "./setting/until";

const folder = process.env["SHOTS_FOLDER"] ?? fileURLToPath(new URL("../../../docs/screenshots", import.meta.url));
const here = stage();

async function shoot({ page }: Reviewer, name: string): Promise<void> {
  const path = join(folder, `${name}.png`);
  await page.mouse.move(2, 2);
  await page.waitForTimeout(400);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  if (existsSync("/usr/bin/pngquant")) execFileSync("/usr/bin/pngquant", ["--force", "--skip-if-larger", "--quality=70-95", "--output", path, path], { stdio: "ignore" });
}

test("queues, and a case that is being decided", async () => {
  const amina = await here.person("account", "Amina");
  const report = async (by: Person, reason: string, note: string, ...texts: string[]) => {
    const room = await by.room("", amina);
    for (const text of texts) await by.say(room, text);
    const said = await until("Amina has it", async () => ((await amina.messages(room)).length === texts.length ? amina.messages(room) : undefined));
    await amina.post(amina.in(room, "report"), { person: by.account.user, reason, messages: said.map((one) => one.message), note });
  };
  const service = here.services.of("handle");
  const lena = await Reviewer.at(service, here.browser, "Lena", { viewport: { width: 1280, height: 960 } });
  await lena.join(await invite(service, "lena", "lead"));
  await report(await here.person("handle", "Sales"), "spam", "", "Guaranteed returns, only today. Ask me how.");
  await lena.button("Look again").click();
  await lena.next("Reports");
  await lena.open();
  await lena.page.getByRole("radio", { name: /^Ban/ }).check();
  await lena.button("Propose").click();
  await lena.said("Somebody else confirms");
  await report(await here.person("handle", "Librarian"), "impersonation", "The library has no such account.", "This is your library. Send me your card number.");
  await report(await here.person("handle", "Rival"), "other", "", "You are wrong about the book.");
  await report(await here.person("handle", "Mallory"), "harassment", "He has been writing since Monday, from two accounts.", "You will answer me.", "I know where you live.");
  await lena.go("Queues");
  await shoot(lena, "desk-queue");
  await lena.next("Reports");
  await lena.open();
  await lena.page.getByRole("checkbox", { name: "The decision rests on message 2" }).check();
  await lena.page.getByRole("radio", { name: /^Suspend/ }).check();
  await lena.page.getByRole("heading", { level: 1 }).focus();
  await lena.page.locator("main").evaluate((one) => one.scrollTo(0, 0));
  await shoot(lena, "desk-case");

  // One file that is what it says, and one that is not.
  const postman = await here.person("handle", "Postman");
  const room = await postman.room("", amina);
  const flower = readFileSync(new URL("../../../demo/flower.jpg", import.meta.url));
  const page = Buffer.from("<!doctype html><script>location = 'https://prize.example'</script>");
  const files = [await postman.upload("you-won.jpg", new Uint8Array(flower), true), await postman.upload("ticket.png", new Uint8Array(page), true)];
  await postman.say(room, "Open your ticket, it is only good today.", { files });
  const said = await until("Amina has both", async () => {
    const all = (await amina.messages(room)).filter((one) => one.files.length > 0);
    return all.reduce((sum, one) => sum + one.files.length, 0) === files.length ? all : undefined;
  });
  await amina.post(amina.in(room, "report"), { person: postman.account.user, reason: "fraud", messages: said.map((one) => one.message), note: "" });
  await lena.go("Queues");
  // Others wait before it: they are Lena's until she gives them back.
  for (;;) {
    await lena.next("Reports");
    if (await lena.page.getByText(postman.account.user).count()) break;
    await lena.go("Queues");
  }
  await lena.open();
  await lena.button("List the attachments").click();
  await lena.button("Show A1").click();
  await lena.page.locator("canvas[data-drawn]").waitFor();
  await lena.part("What was shown").evaluate((one) => one.scrollIntoView({ block: "start" }));
  await shoot(lena, "desk-attachments");
});
