// What does not stay: messages that are seen once, timers of a conversation, conversations that vanish when they are closed.
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { clean } from "./setting/axe";
import { button, message, openRoom, write } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { word } from "./setting/words";

const here = stage();
let amina: Person;
let yuki: Person;
let room: string;
let hers: Page;
let his: Page;

/** A red dot. */
const DOT = "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==";

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  yuki = await here.person("handle", "Yuki");
  room = await yuki.room("Tea", amina);
  hers = await amina.open(here.browser);
  his = await yuki.open(here.browser);
  await openRoom(hers, "Tea");
  await openRoom(his, "Tea");
}, 180_000);

test("what is seen once is nowhere before it is opened, and nowhere afterwards", async () => {
  await button(his, "add_to_message").click();
  await his.getByRole("menuitemradio", { name: word("view_once"), exact: true }).click();
  await his.getByText(word("view_once_will")).waitFor();
  await clean(his, "a message to be seen once is written");
  await write(his, "only this once");
  await message(his, word("view_once_mine")).waitFor();
  await his.getByText(word("view_once_will")).waitFor({ state: "detached" });
  const open = button(hers, "view_once_show");
  await open.waitFor();
  await clean(hers, "a message to be seen once");
  expect(await hers.content()).not.toContain("only this once");
  await open.click();
  const dialog = hers.getByRole("dialog", { name: word("view_once_title") });
  await dialog.getByText("only this once").waitFor();
  await dialog.getByText(word("view_once_open"), { exact: true }).waitFor();
  await clean(hers, "what is seen once");
  await dialog.getByRole("button", { name: word("done"), exact: true }).click();
  await message(hers, word("view_once_spent")).waitFor();
  await clean(hers, "what was seen once");
  for (const page of [hers, his]) expect(await page.content()).not.toContain("only this once");
});

test("a picture that is seen once is drawn in its dialog, which says that its files can be had for ten minutes", async () => {
  const upload = await yuki.upload("dot.png", Buffer.from(DOT, "base64"));
  await yuki.say(room, "look", { files: [upload], view_once: true });
  const { message: sent } = await until("it is there", async () => (await amina.messages(room)).find((one) => one.once === "closed"));
  await button(hers, "view_once_show").click();
  const dialog = hers.getByRole("dialog", { name: word("view_once_title") });
  const picture = dialog.getByRole("img", { name: word("picture_alt", { name: "dot.png" }) });
  await until("the picture is drawn", () => picture.evaluate((it) => (it as HTMLImageElement).naturalWidth > 0));
  await dialog.getByText(word("view_once_open_files"), { exact: true }).waitFor();
  await clean(hers, "a picture that is seen once");
  await hers.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  const again = await amina.bytes(amina.in(room, `messages/${sent}/files/0`));
  expect(Buffer.from(again).toString("base64"), "as the dialog said").toBe(DOT);
});

const setTimer = async (page: Page, choice: string | RegExp) => {
  await button(page, "more_about", { name: "\u2068Tea\u2069" }).last().click();
  await page.getByRole("menuitem", { name: word("timer_choose") }).click();
  await page.getByRole("menuitemradio", { name: choice }).waitFor();
  await clean(page, "the timers of a conversation");
  await page.getByRole("menuitemradio", { name: choice }).click();
};

test("a timer that one person sets shows at the other, and on what is written under it", async () => {
  await setTimer(his, /1 hour/);
  await message(hers, "set messages to disappear 1 hour after").waitFor();
  await hers.getByRole("main").getByTitle(word("expires_after", { span: "1 hour" })).first().waitFor();
  await write(his, "for an hour");
  await message(hers, "for an hour").getByText(/^Disappears/).waitFor({ state: "attached" });
  expect((await amina.rooms()).find((one) => one.room === room)).toMatchObject({ timer: 3_600, vanishing: false });
});

test("what vanishes is gone when the conversation is left", async () => {
  await setTimer(his, word("timer_vanish"));
  await message(hers, "set messages to vanish").waitFor();
  await write(his, "gone with the door");
  await message(hers, "gone with the door").waitFor();
  await until("it was read", async () => (await amina.messages(room)).every((one) => !one.unread));
  await button(hers, "settings").click();
  await until("it is gone", async () => (await amina.messages(room)).every((one) => one.text !== "gone with the door"));
  await openRoom(hers, "Tea");
  await message(hers, "for an hour").waitFor();
  expect(await message(hers, "gone with the door").count()).toBe(0);
  await write(hers, "gone with the page");
  await message(his, "gone with the page").waitFor();
  await until("it was read", async () => (await yuki.messages(room)).every((one) => !one.unread));
  await his.reload();
  await until("it is gone", async () => (await yuki.messages(room)).every((one) => one.text !== "gone with the page"));
  await openRoom(his, "Tea");
  await setTimer(his, word("timer_never"));
  await message(hers, "set messages to stay").waitFor();
});
