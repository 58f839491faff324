// What each role of the safety team sees and is refused, what becomes of who opened enough for a day, and the figures that are published.
import { afterEach, beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { Reviewer } from "./setting/team";
import { until } from "./setting/until";

const here = stage(true);
let mallory: Person;
let amina: Person;
let room: string;
let ida: Reviewer;
let axel: Reviewer;

/** Mallory says something so many times, and Amina shows each: reports of one message would be one case. */
async function reported(text: string, reason: string, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    await mallory.say(room, text);
    const message = await until("it is there", async () => (await amina.messages(room)).filter((one) => JSON.stringify(one).includes(text))[i]);
    await amina.post(amina.in(room, "report"), { person: mallory.account.user, reason, messages: [message.message], note: `the ${i + 1}. time` });
  }
}

beforeAll(async () => {
  await here.services.configured("handle", "[wellbeing]\nitems_per_day = 2\ngrave_items_per_day = 1\npause_minutes = 0\n");
  mallory = await here.person("handle", "Mallory");
  amina = await here.person("account", "Amina");
  room = await mallory.room("", amina);
  await reported("buy now, only today", "spam", 6);
  await reported("that is what they deserve", "hate", 6);
  ida = await Reviewer.of(here.services.of("handle"), here.browser, "Ida", "reviewer");
  axel = await Reviewer.of(here.services.of("handle"), here.browser, "Axel", "auditor");
});

afterEach(() => {
  for (const one of [ida, axel]) if (one) expect(one.watch.take(), `what ${one.name}'s window must not do`).toEqual([]);
});

const links = (one: Reviewer) => one.page.getByRole("navigation", { name: "Desk" }).getByRole("link").allInnerTexts();

test("each role has the places that it may go to, and is told when it goes elsewhere", async () => {
  expect(await links(ida)).toEqual(["Queues", "Lists", "Figures"]);
  expect(await links(axel)).toEqual(["Queues", "Lists", "Trail", "Team", "Figures"]);
  for (const one of [ida, axel]) one.watch.allow(/status of 403 .*\/api\//);
  for (const [one, places] of [
    [ida, ["trail", "team", "tips"]],
    [axel, ["tips", `person/${encodeURIComponent(mallory.account.user)}`]],
  ] as const)
    for (const place of places) {
      await one.to(`/${place}`);
      await one.refused("Your role does not allow this: ask a lead.");
      expect(await one.page.getByRole("row").count(), place).toBe(0);
      await clean(one.page, `${place}, which a role may not see`);
      await one.to("/");
      await one.title("Queues");
    }
});

test("who opened enough for a day is told until when to rest, and can still decide", async () => {
  const { page } = ida;
  await ida.button("Look again").click();
  const opened: string[] = [];
  for (let i = 0; i < 2; i++) {
    await ida.next("Reports");
    await ida.open();
    opened.push(ida.case);
    await ida.go("Queues");
  }
  await ida.next("Reports");
  ida.watch.allow(/status of 429 .*\/open/);
  await ida.button("Open").click();
  const tomorrow = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(Date.now() + 24 * 3_600_000);
  await ida.refused(`You opened as much as one person should. Rest, and go on after ${tomorrow}, 00:00. Give this case back for somebody else; cases that you have opened can still be decided.`);
  expect(await page.content(), "nothing of it is shown").not.toContain("they deserve");
  expect(await ida.button("Open").isVisible()).toBe(true);
  await page.getByText("Open what was shown before you decide.").waitFor();
  await clean(page, "who is to rest");
  await ida.button("Give it back").click();
  await ida.title("Queues");

  await ida.to(`/case/${opened[0]}`);
  await page.getByRole("radio", { name: /^Warn/ }).check();
  await ida.button("Decide").click();
  await ida.said("It holds from now on");
});

test("an auditor reads the trail and follows it, and is shown nothing of what was reported", async () => {
  const { page } = axel;
  await axel.button("Look again").click();
  await page.getByRole("list", { name: "Queues" }).getByText("11", { exact: true }).waitFor();
  expect(await page.getByRole("button", { name: /^Take/ }).count()).toBe(0);
  await clean(page, "the queues of an auditor");
  await axel.go("Trail");
  await page.getByText("The trail is whole").waitFor();
  await clean(page, "the trail of an auditor");
  await page.getByRole("row").filter({ hasText: /decided: warn, rule (spam|hate)/ }).getByRole("link").click();
  await axel.title(/^(Spam|Hate): warn$/);
  await page.getByRole("region", { name: "Decision 1" }).getByText("Decided by ida").waitFor();
  for (const hidden of ["buy now", "they deserve", "the 1. time", "the 2. time", "the 3. time", "the 4. time", "the 5. time", "the 6. time"]) expect(await page.content()).not.toContain(hidden);
  expect(await page.getByRole("button").allInnerTexts(), "there is nothing to press but the way out").toEqual(["Sign out"]);
  await clean(page, "a case as an auditor sees it");
  await axel.go("Team");
  await page.getByRole("row", { name: /^axel \(you\)/ }).waitFor();
  expect(await axel.button("Invite").count()).toBe(0);
  await clean(page, "the team of an auditor");
  await axel.go("Lists");
  expect(await axel.button("Take it in").count()).toBe(0);
});

test("an auditor neither takes, opens, decides, invites nor removes, around the page either", async () => {
  const { answer } = (await axel.asks("GET", "audit?after=0")) as { answer: { act: string; case?: string }[] };
  const waiting = answer.findLast(({ act }) => act === "released")!.case!;
  const decided = answer.findLast(({ act }) => act === "decided")!.case!;
  const verdict = { action: "ban", rule: "spam", explanation: "because", evidence: [0], until: null };
  const refused: ["GET" | "POST" | "DELETE", string, unknown?][] = [
    ["POST", "queues/general/claim"],
    ["POST", "queues/child-safety/claim"],
    ["POST", `cases/${decided}/undo`, { why: "because" }],
    ["POST", "staff", { name: "somebody", role: "lead" }],
    ["DELETE", "staff/ida"],
    ["GET", `people?user=${encodeURIComponent(mallory.account.user)}`],
    ["GET", "tips"],
    ["POST", "known?name=a&giver=b&kind=other", "sha256"],
    ["DELETE", "known/a"],
  ];
  for (const act of ["claim", "release", "open"]) refused.push(["POST", `cases/${waiting}/${act}`]);
  refused.push(["POST", `cases/${waiting}/decide`, verdict], ["POST", `cases/${waiting}/confirm`], ["POST", `cases/${waiting}/send-back`, { why: "because" }]);
  refused.push(["POST", `cases/${waiting}/answer`, { upheld: true, explanation: "because" }], ["POST", `cases/${waiting}/tip`, { incident: "material" }]);
  refused.push(["GET", `cases/${waiting}/attachments`], ["GET", `cases/${waiting}/attachments/0`]);
  for (const [method, path, body] of refused) expect(await axel.asks(method, path, body), `${method} ${path}`).toMatchObject({ status: 403, code: "role" });
  expect((await axel.asks("GET", `cases/${waiting}`)).answer).toMatchObject({ claim: null, decisions: [], shown: null, note: "" });
});

test("the figures say how much was reported and done, and nothing that points at somebody", async () => {
  const { page } = axel;
  await axel.go("Figures");
  const row = async (name: string) => {
    const cells = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) }).getByRole("cell");
    await cells.first().waitFor();
    return cells.allInnerTexts();
  };
  const [reports, decided, ...rest] = await row("All");
  expect(reports).toBe("12");
  expect((await row("Spam"))[0]).toBe("6");
  expect((await row("Hate"))[0]).toBe("6");
  // One decision points at somebody, and so would what it can be reckoned from.
  expect(decided).toBe("not told");
  expect(rest.slice(0, 8)).not.toContain("1");
  expect((await row("Impersonation"))[0]).toBe("0");
  await page.getByText("Nor are counts from which such a one could be reckoned.").waitFor();
  await clean(page, "the figures of an auditor");

  await page.getByLabel("Reports taken from").fill("2020-01-01");
  await page.getByLabel("until (UTC)").fill("2020-12-31");
  await axel.button("Count").click();
  await until("none in that year", async () => (await row("All"))[0] === "0");
  await page.getByLabel("until (UTC)").fill("2019-12-31");
  await axel.button("Count").click();
  expect(await page.getByLabel("until (UTC)").evaluate((one: HTMLInputElement) => one.validity.rangeUnderflow), "a time that ends before it begins is not asked for").toBe(true);
});
