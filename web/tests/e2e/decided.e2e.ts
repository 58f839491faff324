// What a safety team decides reaches the people: whose account it is reads why and appeals, whoever reported reads what came of it.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, openRoom, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { ByCommand } from "./setting/team";
import { until } from "./setting/until";
import { word } from "./setting/words";

const here = stage();
let amina: Person;
let mallory: Person;
let lena: ByCommand;
let room: string;

beforeAll(async () => {
  mallory = await here.person("handle", "Mallory");
  amina = await here.person("account", "Amina");
  room = await mallory.room("", amina);
  lena = await ByCommand.join(here.services.of("handle"), "lena", "lead");
});

async function reported(text: string): Promise<void> {
  const known = (await amina.messages(room)).length;
  await mallory.say(room, text);
  const message = await until("Amina has it", async () => (await amina.messages(room))[known]);
  await amina.post(amina.in(room, "report"), { person: mallory.account.user, reason: "harassment", messages: [message.message], note: "" });
}

async function openDecisions(page: Page): Promise<void> {
  await page.getByRole("list", { name: word("conversations") }).waitFor();
  await page.keyboard.press("Control+,");
  await button(page, "decisions").click();
  await page.getByRole("heading", { name: word("my_reports") }).waitFor();
}

test("whoever reported reads what came of it, and appeals against doing nothing", async () => {
  await reported("I know where you live");
  await lena.decide("suspend", "--rule", "harassment", "--explain", "A threat to a person at home.", "--days", "7", "--message", "1");
  const page = await amina.open(here.browser);
  await openDecisions(page);
  const mine = page.getByRole("region", { name: word("my_reports") }).getByRole("listitem");
  await mine.getByText(word("report_acted_on")).waitFor();
  expect(await button(mine, "appeal").count(), "something was done").toBe(0);
  expect(await page.content(), "what was done is between them and the service").not.toContain("A threat to a person at home");
  await page.getByText(word("decided_none")).waitFor();

  const yuki = await here.person("handle", "Yuki");
  const other = await yuki.room("", amina);
  await yuki.say(other, "you are wrong about the book");
  const [message] = await until("Amina has it", async () => ((await amina.messages(other)).length > 0 ? amina.messages(other) : undefined));
  await amina.post(amina.in(other, "report"), { person: yuki.account.user, reason: "harassment", messages: [message!.message], note: "" });
  await page.goBack();
  await openDecisions(page);
  await mine.getByText(word("report_waiting")).waitFor();
  await lena.decide("none", "--rule", "none", "--explain", "Being of another opinion breaks no rule.");
  await page.goBack();
  await openDecisions(page);
  const nothing = mine.filter({ hasText: word("report_no_action") });
  await button(nothing, "appeal").click();
  await nothing.getByRole("textbox", { name: word("appeal_words") }).fill("There were more before.");
  await button(nothing, "appeal_send").click();
  await mine.getByText(word("report_appealed")).waitFor();
  await clean(page, "reports that one made");
});

test("a suspended person reads the sentence when sending, the decision in the settings, and appeals", async () => {
  const page = await mallory.open(here.browser);
  await openRoom(page, "Amina");
  await write(page, "hello?");
  await page.getByRole("region", { name: word("messages") }).getByText(word("not_sent_because", { reason: word("error_suspended") })).waitFor();

  await openDecisions(page);
  const decision = page.getByRole("region", { name: word("decided") }).getByRole("listitem");
  await decision.getByRole("heading", { name: word("measure_suspended") }).waitFor();
  const text = await decision.innerText();
  for (const part of ["A threat to a person at home.", word("decided_rule", { rule: word("reason_harassment") }), word("decision_made")]) expect(text).toContain(part);
  expect(text, "it says when it ends").toMatch(/It ends .*\d{2}:\d{2}/);
  await button(decision, "appeal").click();
  await clean(page, "an appeal");
  await decision.getByRole("textbox", { name: word("appeal_words") }).fill("It was a quotation.");
  await button(decision, "appeal_send").click();
  await decision.getByText(word("decision_appealed")).waitFor();
  expect(await button(decision, "appeal").count(), "there is one").toBe(0);
  const told = await mallory.get<{ stage: string; may_appeal: boolean }[]>(`accounts/${mallory.account.id}/decisions`);
  expect(told).toMatchObject([{ stage: "appealed", may_appeal: false }]);
  await clean(page, "decisions about an account");
});
