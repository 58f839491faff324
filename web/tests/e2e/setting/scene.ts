// Three people in the middle of the conversation of the demonstration (demo/conversation.toml), as screenshots and the tests
// of every screen show them.
import { readFileSync } from "node:fs";
import type { Person } from "./person";
import type { Stage } from "./stage";
import { until } from "./until";

interface Line {
  id: string;
  who: string;
  text?: string;
  reply?: string;
  react?: string;
  edit?: string;
  unsend?: string;
  picture?: string;
  document?: string;
}

const demo = (name: string) => new URL(`../../../../demo/${name}`, import.meta.url);

const picture = (name: string) => new Uint8Array(readFileSync(demo(name)));

/** The file has tables of plain strings, which JSON writes in the same way. */
function script(): { room: string; lines: Line[] } {
  const [head, ...rest] = readFileSync(demo("conversation.toml"), "utf8").split("[[line]]");
  const table = (part: string) => Object.fromEntries([...part.matchAll(/^(\w+) = (".*")$/gm)].map(([, key, value]) => [key, JSON.parse(value!) as string]));
  return { room: table(head!.split("[[people]]")[0]!)["room"]!, lines: rest.map((part) => table(part) as unknown as Line) };
}

export interface Scene {
  amina: Person;
  yuki: Person;
  oleh: Person;
  /** The group of three. */
  group: string;
  title: string;
}

/** Plays the conversation until and with the line of that id, and some between two of them. */
export async function scene(here: Stage, last: string): Promise<Scene> {
  const amina = await here.person("account", "Amina");
  const yuki = await here.person("handle", "Yuki");
  const oleh = await here.person("phone", "Oleh");
  const people = new Map([amina, yuki, oleh].map((person) => [person.name, person]));
  const { room: title, lines } = script();

  const choir = await yuki.room("Choir, Thursdays", amina, oleh);
  const twoOfThem = await oleh.room("", amina);
  const yukis = await amina.room("", yuki);
  const group = await amina.room(title, yuki, oleh);
  // Before anything is said, so that the newest line of each conversation is what somebody said.
  await verify(amina, yuki);
  await yuki.post(`accounts/${yuki.account.id}/picture`, picture("flower.jpg"));
  await amina.post(amina.in(group, "picture"), picture("china.jpg"));
  const { room: community } = await amina.post<{ room: string }>(`accounts/${amina.account.id}/communities`, { name: "The reading circle", people: [] });
  await amina.post(amina.in(community, "groups"), { room: group, description: "Who reads what, and when" });
  await yuki.say(choir, "Tamar brings the notes. Who brings the candles?");
  await amina.say(yukis, "Did the proof come back from the printer?");
  await yuki.say(yukis, "はい！色もきれいでした ✨");
  await oleh.say(twoOfThem, "Медове печиво вже в духовці 🍯");

  const ids = new Map<string, string>();
  const settled = (line: string, id: string) =>
    Promise.all([amina, yuki, oleh].map((person) => until(`${person.name} has the line ${line}`, async () => (await person.messages(group)).some((one) => one.message === id))));
  for (const line of lines) {
    const person = people.get(line.who)!;
    const at = (of: string, what: string) => person.in(group, `messages/${ids.get(of)!}/${what}`);
    if (line.react) await person.post(at(line.react, "react"), { emoji: line.text, on: true });
    else if (line.edit) await person.post(at(line.edit, "edit"), { text: line.text });
    else if (line.unsend) await person.post(at(line.unsend, "unsend"));
    else if (!line.document) {
      const files = line.picture ? [await person.upload(line.picture, picture(line.picture))] : [];
      const { message: begun } = await person.say(group, line.text ?? "", { files, ...(line.reply ? { reply_to: ids.get(line.reply) } : {}) });
      // With files, it is there only when they are.
      const sent = async () => (await person.messages(group)).findLast((one) => one.mine && one.files.length > 0 && ![...ids.values()].includes(one.message));
      const message = begun ?? (await until(`${line.id} is sent`, sent)).message;
      ids.set(line.id, message);
      await settled(line.id, message);
    }
    if (line.id === last) break;
  }
  return { amina, yuki, oleh, group, title };
}

/** One compares the other's safety number, by the code that the other shows. */
export async function verify(person: Person, other: Person): Promise<void> {
  const theirs = await other.get<{ code: string }>(`accounts/${other.account.id}/people/${encodeURIComponent(person.account.user)}/safety`);
  await person.post(`accounts/${person.account.id}/people/${encodeURIComponent(other.account.user)}/verify`, { code: theirs.code });
}
