// The safety team's desk in a browser, from an invitation to a decision that holds: passkeys, queues, two people for what weighs,
// appeals, the trail.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { consoleOf, invite, Reviewer } from "./setting/team";
import { until } from "./setting/until";

interface Decided {
  case: string;
  measure: string;
  explanation: string;
  stage: string;
  may_appeal: boolean;
}

const here = stage();
let mallory: Person;
let amina: Person;
let room: string;
let lena: Reviewer;
let otto: Reviewer;
let nora: Reviewer;

beforeAll(async () => {
  mallory = await here.person("handle", "Mallory");
  amina = await here.person("account", "Amina");
  room = await mallory.room("", amina);
});

afterEach(() => {
  for (const one of [lena, otto, nora]) if (one) expect(one.watch.take(), `what ${one.name}'s window must not do`).toEqual([]);
});

/** Mallory says something, and Amina shows it to the room's service, which is Mallory's own. */
async function reported(text: string, reason: string, note = ""): Promise<void> {
  await mallory.say(room, text);
  const message = await until("it is there", async () => (await amina.messages(room)).find((one) => JSON.stringify(one).includes(text)));
  await amina.post(amina.in(room, "report"), { person: mallory.account.user, reason, messages: [message.message], note });
}

const decisions = () => mallory.get<Decided[]>(`accounts/${mallory.account.id}/decisions`);

test("an invitation becomes a passkey, and with it she signs in again", async () => {
  const service = here.services.of("handle");
  const code = await invite(service, "lena", "lead");
  lena = await Reviewer.at(service, here.browser, "Lena");
  const { page, context } = lena;
  await lena.title("Safety desk");
  await clean(page, "signing in");
  lena.watch.allow(/status of 403 .*\/api\/join\/begin/);
  await page.getByRole("textbox", { name: "Invitation code" }).fill("made-up");
  await lena.button("Make a passkey and come in").click();
  await lena.refused("ask a lead or the operator for a new one");
  await lena.join(code);

  const cookie = (await context.cookies()).find((one) => one.name.startsWith("trefoil-desk-"))!;
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict", path: "/" });
  expect(await page.evaluate(() => document.cookie), "no script reads the session").toBe("");
  await page.reload();
  await lena.title("Queues");

  await lena.button("Sign out").click();
  await lena.said("You are signed out");
  expect((await context.cookies()).filter((one) => one.name.startsWith("trefoil-desk-")), "it is gone").toEqual([]);
  await lena.button("Sign in").click();
  await lena.title("Queues");
  await lena.button("Sign out").click();
  await page.getByRole("textbox", { name: "Invitation code" }).fill(code);
  await lena.button("Make a passkey and come in").click();
  await lena.refused("This invitation is not good");
  await lena.button("Sign in").click();
  await lena.title("Queues");
});

test("from a report to a decision that holds, in at most six presses", async () => {
  const { page } = lena;
  await reported("I know where you live", "harassment", "every night");
  await lena.button("Look again").click();
  await page.getByRole("listitem").filter({ hasText: "Reports" }).getByText("The oldest waits for less than a minute.").waitFor();
  await clean(page, "the queues");

  const before = await lena.pressesSoFar();
  await lena.next("Reports");
  expect(await page.evaluate(() => document.activeElement?.tagName), "a screen begins at its title").toBe("H1");
  await lena.part("Who and where").getByText(mallory.account.user).waitFor();
  expect(await page.content(), "the reporter's note may name them, or be as bad as the rest").not.toContain("every night");
  expect(await page.content(), "who reported is a word, not a name").not.toContain(amina.account.user);
  expect(await page.content(), "closed until it is opened").not.toContain("where you live");
  await clean(page, "a case that is not opened");
  await lena.open();
  await page.getByText("I know where you live").waitFor();
  await lena.part("Who and where").getByText("every night").waitFor();
  expect(await lena.part("Rules").locator("details[open]").innerText(), "the rule of the reason comes first").toContain("Bullying, stalking, threats");
  await page.getByRole("radio", { name: /^Suspend/ }).check();
  expect(await page.getByRole("textbox", { name: "Explanation" }).inputValue()).toContain("threatened");
  expect(await page.getByRole("checkbox", { name: "The decision rests on message 1" }).isChecked()).toBe(true);
  await clean(page, "deciding");
  await lena.button("Decide").click();
  await lena.said("It holds from now on");
  expect(await page.evaluate(() => document.activeElement?.textContent), "what was pressed is gone").toBe("Harassment: suspend");
  expect((await lena.pressesSoFar()) - before).toBeLessThanOrEqual(6);

  expect(await decisions()).toMatchObject([{ case: lena.case, measure: "suspended", may_appeal: true }]);
  await clean(page, "a decided case");
});

test("what weighs waits for somebody else, whom she did not let in herself", async () => {
  const { page } = lena;
  // The last decision is taken back first, so that Mallory can say something again.
  await lena.button("Take the decision back …").click();
  await page.getByRole("textbox", { name: "Why it is taken back" }).fill("the second report says more");
  await lena.button("Take the decision back").click();
  await lena.said("Taken back.");
  await lena.button("Take this case").click();
  await lena.open();
  await page.getByRole("radio", { name: /^Ban/ }).check();
  await page.getByText("Somebody else confirms this before it holds.").waitFor();
  await lena.button("Propose").click();
  await lena.said("Somebody else confirms it or sends it back.");
  const proposed = lena.case;
  await lena.go("Queues");
  await lena.button("Take the next: Second look").click();
  await lena.said("you took part in it");

  await lena.go("Team");
  await page.getByRole("textbox", { name: "Name in the team" }).fill("otto");
  await lena.button("Invite").click();
  const shown = page.getByRole("heading", { name: "The code for otto" }).locator("xpath=..");
  const code = await shown.locator("code").innerText();
  expect(code).toMatch(/^[a-z2-7]{26}$/);
  await clean(page, "the team, with a code");
  await lena.go("Figures");
  await clean(page, "the figures");
  await lena.go("Team");
  expect(await page.content(), "a code is shown once").not.toContain(code);

  otto = await Reviewer.at(here.services.of("handle"), here.browser, "Otto");
  await otto.join(code);
  expect(await otto.page.getByRole("navigation", { name: "Desk" }).getByRole("link").allInnerTexts(), "a reviewer does not audit").toEqual(["Queues", "Lists", "Figures"]);
  await otto.next("Second look");
  expect(otto.case).toBe(proposed);
  await clean(otto.page, "what somebody else proposed");
  await otto.open();
  otto.watch.allow(/status of 403 .*\/confirm/);
  await otto.button("Confirm").click();
  await otto.refused("One of you let the other into the team");
  await otto.button("Give it back").click();
  await otto.said("waits for somebody else");

  nora = await Reviewer.at(here.services.of("handle"), here.browser, "Nora");
  await nora.join(await invite(here.services.of("handle"), "nora", "reviewer"));
  await nora.next("Second look");
  await nora.open();
  await nora.button("Confirm").click();
  await nora.said("Confirmed.");
  expect((await decisions())[0]).toMatchObject({ case: proposed, measure: "banned", stage: "made" });
});

test("an appeal is answered by somebody who took no part", async () => {
  const [{ case: id }] = (await decisions()) as [Decided];
  await mallory.post(`accounts/${mallory.account.id}/decisions/${id}/appeal`, { words: "it was a quotation" });
  await nora.go("Queues");
  await nora.button("Take the next: Appeals").click();
  await nora.said("you took part in it");

  const ida = await Reviewer.at(here.services.of("handle"), here.browser, "Ida");
  await ida.join(await invite(here.services.of("handle"), "ida", "lead"));
  await ida.next("Appeals");
  await ida.open();
  await ida.page.getByText("it was a quotation").waitFor();
  await ida.page.getByRole("radio", { name: "The decision is taken back" }).check();
  await clean(ida.page, "an appeal");
  await ida.button("Answer", ida.page.getByRole("region", { name: "Appeal" })).click();
  await ida.said("whoever appealed reads it now");
  expect((await decisions()).find((one) => one.measure === "banned")).toMatchObject({ stage: "undone" });

  await ida.page.getByRole("link", { name: "History of the account" }).click();
  await ida.page.getByText("good", { exact: true }).waitFor();
  await clean(ida.page, "the history of an account");
  expect(ida.watch.take()).toEqual([]);
  await ida.context.close();
});

test("lists of what others found before are taken in and away", async () => {
  const { page } = lena;
  await lena.go("Lists");
  await page.getByText("There are none.").waitFor();
  await page.getByRole("textbox", { name: "Name", exact: true }).fill("shared");
  await page.getByRole("textbox", { name: "Who gave it" }).fill("a hotline");
  lena.watch.allow(/status of 400 .*\/api\/known/);
  const list = (text: string) => page.getByLabel("File").setInputFiles({ name: "list.txt", mimeType: "text/plain", buffer: Buffer.from(text) });
  await list(`sha256 ${"0a".repeat(32)}\nsha256 0a\n`);
  await lena.button("Take it in").click();
  await lena.refused("Line 2 of the file is no hash");
  await list(`sha256 ${"0a".repeat(32)}\n`);
  await lena.button("Take it in").click();
  await lena.said("1 hash is in use");
  await page.getByRole("row").filter({ hasText: "a hotline" }).waitFor();
  await clean(page, "the lists");
  await lena.button("Remove shared").click();
  await lena.said("not compared with any more");
  await lena.go("NCMEC");
  await page.getByText("There are none.").waitFor();
  await clean(page, "reports to NCMEC");
});

test("the worst is veiled until it is looked at, and there is an end to it", async () => {
  const { page } = lena;
  await reported("here is how to build it", "violence");
  await reported("and here is where to put it", "violence");
  await lena.go("Queues");
  await lena.next("Reports");
  await lena.open();
  const message = page.getByRole("group", { name: /^Message 1/ });
  const veil = () => message.evaluate((one) => getComputedStyle(one).filter);
  await page.mouse.move(2, 2);
  expect(await veil()).toContain("blur");
  await message.focus();
  expect(await veil(), "the keyboard lifts it").not.toContain("blur");
  await lena.part("What was shown").getByRole("heading").focus();
  expect(await veil()).toContain("blur");
  await message.hover();
  expect(await veil(), "so does pointing at it").not.toContain("blur");
  await lena.button("Show clearly").click();
  await page.mouse.move(2, 2);
  expect(await veil()).toBe("none");
  await clean(page, "what was veiled");
  await lena.button("Give it back").click();
  await lena.title("Queues");

  lena.watch.allow(/status of 429/);
  await lena.next("Reports");
  await lena.button("Open").click();
  await lena.refused(/You opened as much as one person should. Rest, and go on after \d\d:\d\d/);
});

test("everything is reached with the keyboard alone", async () => {
  const { page } = otto;
  await reported("buy now", "spam");
  const reach = async (what: RegExp) => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press("Tab");
      const on = await page.evaluate(() => {
        const one = document.activeElement as HTMLElement;
        return one.getAttribute("aria-label") ?? (one instanceof HTMLInputElement ? (one.labels?.[0]?.textContent ?? "") : one.textContent);
      });
      if (what.test(on ?? "")) return;
    }
    throw new Error(`the keyboard does not reach ${what}`);
  };
  await otto.go("Figures");
  const before = await otto.pressesSoFar();
  await reach(/^Skip/);
  await reach(/^Queues$/);
  await page.keyboard.press("Enter");
  await otto.title("Queues");
  // The two of violence come first, and one of them is Lena's: the next is the other, and is given back.
  await reach(/^Take the next: Reports/);
  await page.keyboard.press("Enter");
  await otto.part("Who and where").waitFor();
  await reach(/^Open$/);
  await page.keyboard.press("Enter");
  await page.getByRole("group", { name: /^Message 1/ }).waitFor();
  expect(await page.evaluate(() => document.activeElement?.textContent), "the focus goes where the content is").toBe("What was shown");
  await reach(/^No action/);
  await page.keyboard.press("Space");
  await page.getByRole("textbox", { name: "Explanation" }).waitFor();
  await reach(/^Decide$/);
  await page.keyboard.press("Enter");
  await otto.said("It holds from now on");
  expect(await otto.pressesSoFar(), "no pointer").toBe(before);
});

test("what somebody else does not agree with goes back, with the reason", async () => {
  await otto.go("Queues");
  await otto.next("Reports");
  await otto.open();
  await otto.page.getByRole("radio", { name: /^Ban/ }).check();
  await otto.button("Propose").click();
  await otto.said("Somebody else confirms it or sends it back.");
  await lena.go("Queues");
  await lena.next("Second look");
  await lena.open();
  await lena.button("Send back …").click();
  expect(await lena.page.evaluate(() => document.activeElement?.tagName), "one writes at once").toBe("TEXTAREA");
  await lena.page.keyboard.press("Escape");
  expect(await lena.page.evaluate(() => document.activeElement?.textContent)).toBe("Send back …");
  await lena.button("Send back …").click();
  await lena.page.getByRole("textbox", { name: "Why not" }).fill("a warning does");
  await lena.button("Send back").click();
  await lena.said("Sent back.");
  await otto.page.reload();
  await otto.page.getByRole("region", { name: "Sent back" }).getByText("a warning does").waitFor();
  await clean(otto.page, "what was sent back");
  await otto.button("Take this case").click();
  await otto.said("The case is yours.");
});

test("the trail is whole, and says who did what", async () => {
  const { page } = lena;
  await lena.go("Trail");
  await page.getByText("The trail is whole").waitFor();
  const rows = await page.getByRole("row").allInnerTexts();
  for (const act of ["came into the team", "took a case", "opened what was shown", "decided: suspend, rule harassment", "proposed: ban", "confirmed", "sent back", "taken back", "looked at an account"])
    expect(rows.some((row) => row.includes(act)), act).toBe(true);
  await clean(page, "the trail");

  // One word changed on the way, and the page finds the place.
  await page.route("**/api/audit?after=0", async (route) => {
    const answer = await route.fetch();
    const entries = (await answer.json()) as { who: string }[];
    entries[2]!.who = "nobody";
    await route.fulfill({ response: answer, json: entries });
  });
  await lena.go("Queues");
  await lena.go("Trail");
  await lena.refused("Entry 4 does not follow from the one before");
  await page.unroute("**/api/audit?after=0");
});

test("a page of another origin changes nothing, even beside it on this machine", async () => {
  const server = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end("<!doctype html><title>elsewhere</title>")).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const elsewhere = `http://localhost:${(server.address() as AddressInfo).port}/`;
  try {
    const page = await lena.context.newPage();
    await page.goto(elsewhere);
    // It is the same site, so that even a strict cookie goes along: only the origin tells. A form needs nobody's leave to be sent.
    const claim = `${consoleOf(here.services.of("handle"))}/api/queues/general/claim`;
    const answer = page.waitForResponse(claim);
    await page.evaluate((action) => {
      const form = Object.assign(document.createElement("form"), { method: "POST", action });
      document.body.append(form);
      form.submit();
    }, claim);
    const refused = await answer;
    expect((await refused.request().allHeaders())["cookie"]).toMatch(/trefoil-desk-\d+=/);
    expect(refused.status()).toBe(403);
    expect(await page.innerText("body")).toContain("other-site");
    await page.close();
  } finally {
    server.close();
    lena.watch.take();
  }
});

test("who is removed is out at once", async () => {
  await lena.go("Team");
  await lena.button("Remove otto").click();
  await lena.button("Yes, remove otto").click();
  await lena.said("otto is of the team no more");
  otto.watch.allow(/status of 401/);
  await otto.page.getByRole("link", { name: "Queues", exact: true }).click();
  await otto.title("Safety desk");
  await otto.button("Sign in").click();
  await otto.refused("That did not prove who you are");
});
