// The exploitation of a child, from a report to NCMEC: who sees it, two people for the decision and two for what is sent, and the
// way back as long as there is one.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { Ncmec } from "./setting/ncmec";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { Reviewer } from "./setting/team";
import { until } from "./setting/until";

const here = stage(true);
let ncmec: Ncmec;
let mallory: Person;
let amina: Person;
/** A child safety reviewer, a lead, a reviewer. */
let carla: Reviewer;
let lena: Reviewer;
let otto: Reviewer;
let first: string;
/** Stands for what nobody should have to see. */
const flower = new Uint8Array(readFileSync(new URL("../../../demo/flower.jpg", import.meta.url)));

async function reported(by: Person, room: string, text: string, files: string[]): Promise<void> {
  await by.say(room, text, { files });
  const message = await until("it is there", async () => (await amina.messages(room)).find((one) => JSON.stringify(one).includes(text)));
  await amina.post(amina.in(room, "report"), { person: by.account.user, reason: "child-exploitation", messages: [message.message], note: "she is nine" });
}

beforeAll(async () => {
  ncmec = await Ncmec.start();
  const credentials = join(here.services.folder, "ncmec");
  writeFileSync(credentials, "trefoil\nopen sesame\n", { mode: 0o600 });
  const tipline = { endpoint: ncmec.endpoint, credentials_file: credentials, first_name: "Carla", last_name: "Example", email: "safety@handle.test" };
  const lines = Object.entries(tipline).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  await here.services.configured("handle", ["[tipline]", ...lines, "[wellbeing]", "pause_minutes = 0", ""].join("\n"));
  mallory = await here.person("handle", "Mallory");
  amina = await here.person("account", "Amina");
  const room = await mallory.room("", amina);
  await reported(mallory, room, "look at her", [await mallory.upload("holiday.jpg", flower, true)]);
  const service = here.services.of("handle");
  carla = await Reviewer.of(service, here.browser, "Carla", "child-safety-reviewer");
  lena = await Reviewer.of(service, here.browser, "Lena", "lead");
  otto = await Reviewer.of(service, here.browser, "Otto", "reviewer");
});

afterEach(() => {
  for (const one of [carla, lena, otto]) if (one) expect(one.watch.take(), `what ${one.name}'s window must not do`).toEqual([]);
});

afterAll(() => ncmec?.end());

const queuesOf = (one: Reviewer) => one.page.getByRole("list", { name: "Queues" }).getByRole("heading", { level: 2 }).allInnerTexts();
const tip = (one: Reviewer) => one.page.getByRole("list", { name: "Reports to NCMEC" }).getByRole("listitem").first();

/** Looks again until the newest report is so far. */
async function isSoFar(one: Reviewer, how: string): Promise<void> {
  await until(`it ${how}`, async () => {
    await one.button("Look again").click();
    return (await tip(one).getByRole("heading").innerText()).endsWith(how);
  });
}

test("only those who are trained for it see what is about a child, and reviewers not even how much there is", async () => {
  await carla.button("Look again").click();
  expect(await queuesOf(carla)).toEqual(["Reports", "Child safety", "Second look", "Appeals"]);
  expect(await queuesOf(lena)).toEqual(["Reports", "Child safety", "Second look", "Appeals"]);
  expect(await queuesOf(otto)).toEqual(["Reports", "Second look", "Appeals"]);
  await carla.next("Child safety");
  first = carla.case;
  await clean(carla.page, "a case about a child that is not opened");

  // Neither by an address of the page, nor around it.
  otto.watch.allow(/status of 40[34]/);
  await otto.to(`/case/${first}`);
  await otto.refused("Your role does not allow this: ask a lead.");
  expect(await otto.page.content()).not.toContain("she is nine");
  await clean(otto.page, "a case that one may not see");
  await otto.to("/tips");
  await otto.refused("Your role does not allow this: ask a lead.");
  expect(await otto.page.getByRole("navigation", { name: "Desk" }).getByRole("link").allInnerTexts()).not.toContain("NCMEC");
  for (const [method, path] of [
    ["POST", "queues/child-safety/claim"],
    ["GET", `cases/${first}`],
    ["POST", `cases/${first}/claim`],
    ["POST", `cases/${first}/open`],
    ["GET", `cases/${first}/attachments`],
    ["GET", "tips"],
  ] as const)
    expect(await otto.asks(method, path), path).toMatchObject({ status: 403, code: "role" });
  await otto.to(`/person/${encodeURIComponent(mallory.account.user)}`);
  await otto.refused("There is no such case (any more)");
});

test("one prepares a report, which says of a file that somebody saw it only if somebody did", async () => {
  const { page } = carla;
  await carla.open();
  await carla.button("List the attachments").click();
  await page.getByText(createHash("sha256").update(flower).digest("hex")).waitFor();
  await page.getByRole("combobox", { name: "What happened" }).selectOption({ label: "Online enticement" });
  await page.getByRole("combobox", { name: "What file A1 shows" }).selectOption("B2");
  // Whoever did not even fetch a file did not look at it.
  carla.watch.allow(/status of 409 .*\/tip/);
  await page.getByRole("checkbox", { name: "I looked at all of file A1" }).check();
  await carla.button("Prepare the report").click();
  await carla.refused("that you neither showed nor saved");
  await page.getByRole("checkbox", { name: "I looked at all of file A1" }).uncheck();
  await page.getByRole("textbox", { name: "Why it cannot wait" }).fill("they meet tomorrow");
  await page.getByRole("textbox", { name: "Anything else" }).fill("A1 is the file");
  await clean(page, "a report to NCMEC that is prepared");
  await carla.button("Prepare the report").click();
  await carla.said("Prepared. Nothing is sent before somebody else releases it");
  await page.getByText("One report was prepared of this case.").waitFor();
  // It is decided beside that, and that needs two people as well.
  await page.getByRole("radio", { name: /^Ban/ }).check();
  await page.getByText("Somebody else confirms this before it holds.").waitFor();
  await carla.button("Propose").click();
  await carla.said("Somebody else confirms it or sends it back.");
  carla.watch.allow(/status of 403 .*\/claim/);
  await carla.button("Take this case").click();
  await carla.refused("You took part in this decision: somebody else must look at it now.");
  await otto.to("/");
  await otto.title("Queues");
  await otto.button("Look again").click();
  await otto.page.getByRole("listitem").filter({ hasText: "Second look" }).getByText("Nothing waits.").waitFor();
});

test("whoever prepared it does not release it, and nothing leaves before somebody else does", async () => {
  await carla.go("NCMEC");
  await tip(carla).getByRole("heading", { name: "Online enticement: waits for a second person" }).waitFor();
  await tip(carla).getByText("Somebody else releases it.").waitFor();
  expect(await carla.button("Release").count()).toBe(0);
  await clean(carla.page, "a report that waits for a second person");
  carla.watch.allow(/status of 403 .*\/release/);
  const { answer } = (await carla.asks("GET", "tips")) as { answer: { tip: string }[] };
  expect(await carla.asks("POST", `tips/${answer[0]!.tip}/release`)).toMatchObject({ status: 403, code: "took-part" });
  expect(ncmec.asked).toEqual([]);
});

test("a second person confirms the decision and releases the report, and NCMEC has all of it", async () => {
  await lena.button("Look again").click();
  await lena.next("Second look");
  expect(lena.case).toBe(first);
  await lena.open();
  await lena.button("Confirm").click();
  await lena.said("Confirmed.");
  await lena.go("NCMEC");
  // What NCMEC refuses for good waits for a person, who reads why.
  ncmec.barred.add("submit");
  await lena.button("Release").click();
  await lena.said("Released: it is sent.");
  await until("it is refused", async () => {
    await lena.button("Look again").click();
    return (await tip(lena).getByText("This account may not do it (code 3100)").count()) > 0;
  });
  await clean(lena.page, "a report that NCMEC refused");
  expect(ncmec.asked).toEqual(["submit"]);
  ncmec.barred.clear();
  ncmec.calls.length = 0;
  await tip(lena).getByRole("button", { name: "Go on" }).click();
  await lena.said("It goes on.");
  await isSoFar(lena, "NCMEC has it");
  await tip(lena).getByText("prepared by carla").waitFor();
  await tip(lena).getByText(/released by lena; number 4564654 there/).waitFor();
  expect(await lena.button("Take it back").count(), "it is too late for that").toBe(0);
  await clean(lena.page, "a report that NCMEC has");
  await tip(lena).getByRole("link", { name: "The case" }).click();
  await lena.title(/^Exploitation of a child: ban/);

  expect(ncmec.asked).toEqual(["submit", "upload", "fileinfo", "finish"]);
  const report = ncmec.said("submit");
  for (const said of ["Online Enticement of Children for Sexual Acts", "<escalateToHighPriority>they meet tomorrow<", "look at her", mallory.account.user, "<additionalInfo>A1 is the file<"]) expect(report).toContain(said);
  expect(report, "who reported is not told").not.toContain(amina.account.user);
  expect(ncmec.calls.find(({ what }) => what === "upload")!.body.includes(Buffer.from(flower)), "the very bytes").toBe(true);
  const about = ncmec.said("fileinfo");
  for (const said of [`<originalFileHash hashType="SHA256">${createHash("sha256").update(flower).digest("hex")}<`, "<industryClassification>B2<", "<fileViewedByEsp>false<", "holiday.jpg"]) expect(about).toContain(said);
  expect(ncmec.said("finish")).toBe("id=4564654");

  lena.watch.allow(/status of 409 .*\/withdraw/);
  const { answer } = (await lena.asks("GET", "tips")) as { answer: { tip: string }[] };
  expect(await lena.asks("POST", `tips/${answer[0]!.tip}/withdraw`)).toMatchObject({ status: 409, code: "not-now" });
});

test("a report that is not finished is taken back, and NCMEC is told", async () => {
  const rival = await here.person("handle", "Rival");
  const theirs = await rival.room("", amina);
  ncmec.calls.length = 0;
  ncmec.down.add("finish");
  await reported(rival, theirs, "and at this one", [await rival.upload("second.jpg", flower, true)]);
  await carla.go("Queues");
  await carla.next("Child safety");
  const of = carla.case;
  await carla.open();
  await carla.button("List the attachments").click();
  await carla.button("Show A1").click();
  await carla.button("See A1 clearly").waitFor();
  await carla.page.getByRole("checkbox", { name: "I looked at all of file A1" }).check();
  await carla.button("Prepare the report").click();
  await carla.said("Prepared.");
  // One that was not released goes without a word to anybody.
  await carla.button("Prepare the report").click();
  await carla.page.getByText("2 reports were prepared of this case.").waitFor();
  await carla.page.getByRole("link", { name: "See how far" }).click();
  await carla.title("NCMEC");
  await tip(carla).getByRole("button", { name: "Take it back" }).click();
  await carla.said("Taken back: nothing was sent.");
  await tip(carla).getByRole("heading", { name: "was taken back" }).waitFor();
  expect(ncmec.asked).toEqual([]);

  const second = lena.page.getByRole("list", { name: "Reports to NCMEC" }).getByRole("listitem").nth(1);
  // Whoever releases it looked at the case as well.
  await carla.to(`/case/${of}`);
  await carla.button("Give it back").click();
  await carla.said("waits for somebody else");
  await lena.to(`/case/${of}`);
  await lena.button("Take this case").click();
  await lena.open();
  await lena.go("NCMEC");
  await second.getByRole("button", { name: "Release" }).click();
  await until("NCMEC does not take the last step", () => ncmec.asked.includes("finish"));
  await until("it has a number, and is not through", async () => {
    await lena.button("Look again").click();
    const said = await second.innerText();
    return said.includes("is being sent") && said.includes("number 4564655 there");
  });
  expect(ncmec.said("fileinfo"), "this time somebody looked").toContain("<fileViewedByEsp>true<");
  await clean(lena.page, "a report that is on its way");
  await second.getByRole("button", { name: "Take it back" }).click();
  await lena.said("It is taken back: NCMEC is told.");
  await until("NCMEC is told", () => ncmec.asked.at(-1) === "retract");
  expect(ncmec.said("retract")).toBe("id=4564655");
  await until("it is over", async () => {
    await lena.button("Look again").click();
    return (await second.getByRole("heading").innerText()).endsWith("was taken back");
  });
  expect(await second.getByRole("button").count()).toBe(0);
  ncmec.down.clear();

  await lena.go("Trail");
  await lena.page.getByText("The trail is whole").waitFor();
  const rows = await lena.page.getByRole("row").allInnerTexts();
  for (const act of ["prepared a report to NCMEC", "released a report to NCMEC", "took a report to NCMEC back", "opened what was shown: attachment 1"]) expect(rows.some((row) => row.includes(act)), act).toBe(true);
});
