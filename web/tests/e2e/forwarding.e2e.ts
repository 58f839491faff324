// What has gone from hand to hand says so, and goes on to one conversation at a time: in the dialog, and where a program asks.
import { beforeAll, expect, test } from "vitest";
import { button, choose, message, openRoom } from "./setting/hands";
import type { Person } from "./setting/person";
import { stage } from "./setting/stage";
import { until } from "./setting/until";
import { plural, word } from "./setting/words";

const here = stage();
const SAID = "A sea monster was seen at the pier";
let amina: Person;
let rooms: string[];

beforeAll(async () => {
  amina = await here.person("account", "Amina");
  const [yuki, oleh] = [await here.person("handle", "Yuki"), await here.person("phone", "Oleh")];
  rooms = [await amina.room("Harbour", yuki), await amina.room("Market", oleh)];
});

const newest = async (room: string, forwarded: number) =>
  until(`it is there, forwarded ${forwarded} times`, async () => (await amina.messages(room)).find((one) => one.text === SAID && (one.forwarded ?? 0) === forwarded));

const forward = (from: string, said: string, ...to: string[]) =>
  amina.post(amina.in(from, `messages/${said}/forward`), { to: to.map((room) => ({ account: amina.account.id, room })) });

test("what was forwarded five times says that it came a long way, and goes to one conversation", async () => {
  await amina.say(rooms[0]!, SAID);
  for (let hops = 0; hops < 5; hops++) {
    const [from, to] = [rooms[hops % 2]!, rooms[(hops + 1) % 2]!];
    const said = await newest(from, hops);
    if (hops === 4) await forward(from, said.message, to, from);
    else await forward(from, said.message, to);
  }
  const far = await newest(rooms[1]!, 5);
  await expect(forward(rooms[1]!, far.message, ...rooms), "a program is held to it too").rejects.toThrow(/too-many-rooms.*"limit":1/);

  const page = await amina.open(here.browser);
  await openRoom(page, "Market");
  const old = message(page, SAID).filter({ hasText: word("forwarded_often") });
  await old.waitFor();
  await choose(page, old, "forward");
  const dialog = page.getByRole("dialog");
  await dialog.getByText(word("forward_one")).waitFor();
  await dialog.getByRole("checkbox", { name: "Harbour" }).check();
  await dialog.getByRole("checkbox", { name: "Market" }).check();
  expect(await dialog.getByRole("checkbox", { name: "Harbour" }).isChecked(), "the second takes the place of the first").toBe(false);
  await dialog.getByRole("checkbox", { name: "Harbour" }).check();
  await button(dialog, "forward").click();
  await page.getByText(plural("forwarded_told", 1)).waitFor();
  await newest(rooms[0]!, 6);
}, 120_000);
