// Two people on two services talk in their windows: everything that one does, the other sees.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, choose, composer, findByCard, message, openRoom, takeUp, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { plural, word } from "./setting/words";

const here = stage();
let amina: Person;
let yuki: Person;
let hers: Page;
let his: Page;

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  hers = await amina.open(here.browser);
  his = await yuki.open(here.browser);
});

test("somebody on another service is found by their card, and text goes both ways", async () => {
  await findByCard(hers, yuki);
  await write(hers, "Good morning *Yuki*!\nIs the hall free?");
  await takeUp(his);
  await message(his, "Good morning Yuki!").getByText("Is the hall free?").waitFor();
  expect(await message(his, "Good morning").locator("em").innerText()).toBe("Yuki");
  await write(his, "はい、五時から空いています。");
  await message(hers, "五時から空いています").waitFor();
});

test("a reply shows what it answers on both sides", async () => {
  await choose(his, message(his, "Is the hall free?"), "reply");
  await write(his, "Until nine");
  for (const page of [his, hers]) {
    const reply = message(page, "Until nine");
    await reply.getByRole("button", { name: "Is the hall free?" }).waitFor();
  }
});

test("several messages are selected, and what can be done with them is offered", async () => {
  await choose(hers, message(hers, "空いています"), "select");
  const bar = hers.getByRole("toolbar", { name: word("selection") });
  await message(hers, "Is the hall free?").first().click();
  await bar.getByText(plural("selected_count", 2)).waitFor();
  await clean(hers, "messages that are selected");
  await button(bar, "end_selection").click();
  await composer(hers).waitFor();
});

test("a reaction appears, counts, and goes away again", async () => {
  await choose(hers, message(hers, "空いています"), "react");
  await hers.getByRole("dialog", { name: word("emoji") }).getByText("👍", { exact: true }).click();
  const reaction = message(his, "空いています").getByRole("list", { name: word("reactions") });
  await reaction.getByText("👍").waitFor();
  await message(hers, "空いています").getByRole("list", { name: word("reactions") }).getByText("👍").click();
  await reaction.waitFor({ state: "detached" });
});

test("what was being written comes back after an edit, also when one goes from edit to edit, or on to a reply", async () => {
  for (const text of ["One to edit", "Another to edit"]) {
    await write(hers, text);
    await message(hers, text).waitFor();
  }
  await composer(hers).fill("half a sentence");
  await choose(hers, message(hers, "One to edit"), "edit");
  await expect.poll(() => composer(hers).inputValue()).toBe("One to edit");
  await choose(hers, message(hers, "Another to edit"), "edit");
  await expect.poll(() => composer(hers).inputValue()).toBe("Another to edit");
  await choose(hers, message(hers, "空いています"), "reply");
  await expect.poll(() => composer(hers).inputValue()).toBe("half a sentence");
  await composer(hers).press("Escape");
  await composer(hers).fill("");
});

test("an edit reaches the other, and its history says what stood there before", async () => {
  await write(hers, "See you on the ninth");
  await message(his, "See you on the ninth").waitFor();
  await choose(hers, message(hers, "See you on the ninth"), "edit");
  await expect.poll(() => composer(hers).inputValue()).toBe("See you on the ninth");
  await composer(hers).fill("See you on the tenth");
  await composer(hers).press("Enter");
  for (const page of [hers, his]) {
    const edited = message(page, "See you on the tenth");
    await edited.getByRole("button", { name: word("edited"), exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("See you on the ninth").waitFor();
    await button(dialog, "close").click();
  }
  expect(await message(his, "ninth").count()).toBe(0);
});

test("an unsent message is gone on both sides", async () => {
  await write(his, "The door code is 4419");
  await message(hers, "4419").waitFor();
  await choose(his, message(his, "4419"), "unsend");
  await his.getByRole("dialog").getByRole("button", { name: word("unsend"), exact: true }).click();
  await message(his, word("unsent_by_me")).waitFor();
  await message(hers, word("message_unsent")).waitFor();
  await expect.poll(() => hers.locator("body").innerText(), { message: "neither in the timeline nor in the inbox", timeout: 5_000 }).not.toContain("4419");
});

test("the marks say delivered, and read once the other looked", async () => {
  // He looks elsewhere: at his settings.
  await button(his, "settings").click();
  await write(hers, "Did you see the poster?");
  const mark = message(hers, "Did you see the poster?").locator("[data-stage]");
  await expect.poll(() => mark.getAttribute("data-stage"), { timeout: 20_000 }).toBe("delivered");
  await openRoom(his, "Amina");
  await his.bringToFront();
  await expect.poll(() => mark.getAttribute("data-stage"), { timeout: 20_000 }).toBe("read");
});

test("who writes is shown while they write, and not after", async () => {
  await composer(his).pressSequentially("well");
  const writing = hers.getByRole("heading", { level: 1, name: "Yuki" }).locator("xpath=ancestor::header").getByText(/Yuki\W* is writing/);
  await writing.waitFor();
  await composer(his).fill("");
  await writing.waitFor({ state: "detached" });
});

test("who writes faster than messages are taken loses no word", async () => {
  for (let i = 1; i <= 8; i++) {
    await composer(hers).pressSequentially(`quick ${i}.`, { delay: 0 });
    await composer(hers).press("Enter");
  }
  await message(his, "quick 8.").waitFor();
  const said = await message(his, /quick \d\./).allInnerTexts();
  expect(said.map((text) => text.match(/quick \d\./)![0])).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => `quick ${i}.`));
  expect(await composer(hers).inputValue()).toBe("");
});

test("somebody is mentioned by the first letters of their name, and told so", async () => {
  await composer(hers).pressSequentially("Look, @yu");
  const offered = hers.getByRole("listbox", { name: word("mention_list") });
  await offered.getByRole("option", { name: "Yuki" }).waitFor();
  await clean(hers, "who can be mentioned");
  await composer(hers).press("Enter");
  await offered.waitFor({ state: "detached" });
  expect(await composer(hers).inputValue()).toBe("Look, @Yuki ");
  await composer(hers).pressSequentially("the poster is up");
  // He looks elsewhere: the inbox says that he is meant.
  await button(his, "settings").click();
  await composer(hers).press("Enter");
  await his.getByRole("list", { name: word("conversations") }).getByRole("listitem").filter({ hasText: "Amina" }).getByText(word("mentioned")).waitFor({ state: "attached" });
  await openRoom(his, "Amina");
  const said = message(his, "the poster is up");
  await said.locator(".bubble.mentions").waitFor();
  // The name leads to the person.
  await message(hers, "the poster is up").getByRole("button", { name: "@Yuki" }).click();
  await hers.getByRole("region", { name: word("details") }).getByRole("heading", { name: "Yuki" }).waitFor();
  await hers.keyboard.press("Escape");
});

test("what is forwarded says so, and where it came from does not go along", async () => {
  await write(his, "The library opens at four");
  await message(hers, "The library opens at four").waitFor();
  const oleh = await here.person("phone", "Oleh");
  await amina.room("Posters", oleh);
  await choose(hers, message(hers, "The library opens at four"), "forward");
  const dialog = hers.getByRole("dialog");
  await dialog.getByRole("checkbox", { name: "Posters" }).check();
  await button(dialog, "forward").click();
  await dialog.waitFor({ state: "detached" });
  const third = await oleh.open(here.browser);
  await openRoom(third, "Posters");
  const got = message(third, "The library opens at four");
  await got.getByText(word("forwarded"), { exact: true }).waitFor();
  expect(await third.locator("body").innerText()).not.toContain("Yuki");
  await openRoom(hers, "Posters");
  await message(hers, "The library opens at four").getByText(word("forwarded"), { exact: true }).waitFor();
  await openRoom(hers, "Yuki");
  expect(await message(hers, "The library opens at four").getByText(word("forwarded"), { exact: true }).count(), "the one that was said here is as it was").toBe(0);
});

test("a timer for one message is chosen where it is written, and runs on both sides once it was read", async () => {
  await button(hers, "add_to_message").click();
  await hers.getByRole("menuitem", { name: word("timer_message"), exact: true }).click();
  await hers.getByRole("menuitemradio", { name: /5 minutes/ }).click();
  await hers.getByText(word("expires_after", { span: "5 minutes" })).first().waitFor();
  await clean(hers, "a timer for one message");
  await write(hers, "The key lies under the third pot");
  await his.bringToFront();
  for (const page of [his, hers]) await message(page, "third pot").getByText(/^Disappears/).waitFor({ state: "attached" });
  await write(hers, "and this one stays");
  await message(his, "and this one stays").waitFor();
  expect(await message(his, "and this one stays").getByText(/^Disappears/).count(), "the next one has no timer").toBe(0);
});
