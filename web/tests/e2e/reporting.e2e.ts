// A report: what goes is chosen and seen before it does; the room's service has that and nothing else, and shows it to its safety team.
import { execFileSync } from "node:child_process";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, choose, message, openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { program } from "./setting/process";
import { stage } from "./setting/stage";
import { ByCommand } from "./setting/team";
import { until } from "./setting/until";
import { word } from "./setting/words";

const here = stage();
let amina: Person;
let mallory: Person;
let page: Page;
let room: string;

beforeAll(async () => {
  mallory = await here.person("handle", "Mallory");
  amina = await here.person("account", "Amina");
  room = await mallory.room("", amina);
  await mallory.say(room, "the weather is nice");
  await mallory.say(room, "I know where you live");
  await until("Amina has both", async () => (await amina.messages(room)).length === 2);
  page = await amina.open(here.browser);
  await openRoom(page, "Mallory");
});

interface Taken {
  about: string;
  reason: string;
  messages: number;
}

/** What the hub's operator reads: the room is of the service of whoever made it. */
function reports(): Taken[] {
  const told = execFileSync(program, ["--json", "admin", "reports", "--config", here.services.of("handle").config], { encoding: "utf8" });
  return told.split("\n").filter(Boolean).map((line) => JSON.parse(line) as Taken);
}

test("one message is reported and not the other, with a reason and a note", async () => {
  await choose(page, message(page, "I know where you live"), "report");
  const dialog = page.getByRole("dialog", { name: word("report_title", { name: "\u2068Mallory\u2069" }) });
  await dialog.waitFor();
  const send = button(dialog, "report_send");
  expect(await send.isDisabled(), "a reason is needed").toBe(true);
  // The last ones of the person are chosen; this one takes a harmless one out.
  await dialog.getByRole("checkbox", { name: /the weather is nice/ }).uncheck();
  expect(await dialog.getByRole("checkbox", { name: /where you live/ }).isChecked()).toBe(true);
  await dialog.getByRole("combobox", { name: word("report_reason") }).selectOption({ label: word("reason_harassment") });
  await dialog.getByRole("textbox", { name: word("report_note") }).fill("every night");
  await clean(page, "the report dialog");
  expect(reports(), "nothing went yet").toEqual([]);
  await send.click();
  await dialog.waitFor({ state: "detached" });
  const taken = reports();
  expect(taken).toMatchObject([{ about: mallory.account.user, reason: "harassment", messages: 1 }]);
  for (const word of ["where you live", "every night", amina.account.user]) expect(JSON.stringify(taken), "that is for the safety team").not.toContain(word);
  const lena = await ByCommand.join(here.services.of("handle"), "lena", "lead");
  const opened = JSON.stringify(await lena.openNext());
  for (const word of ["I know where you live", "every night"]) expect(opened).toContain(word);
  expect(opened).not.toContain("weather");
});
