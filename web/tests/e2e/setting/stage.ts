// What each file of tests has: three services, a browser, and its people, all ended after it.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { launch } from "./browser";
import { Person } from "./person";
import { Services, type Profile } from "./services";

export class Stage {
  services!: Services;
  browser!: Browser;
  readonly people: Person[] = [];

  /** A person with a process and no account. */
  async newcomer(name: string): Promise<Person> {
    const person = await Person.start(this.services, name);
    this.people.push(person);
    return person;
  }

  async person(profile: Profile, name: string): Promise<Person> {
    const person = await this.newcomer(name);
    await person.register(profile);
    return person;
  }
}

/** To be called once, at the top of a file. `singly` starts services that can be stopped. */
export function stage(singly = false): Stage {
  const made = new Stage();

  beforeAll(async () => {
    made.services = await (singly ? Services.startSingly() : Services.start());
    made.browser = await launch();
  });

  // No window of anybody has complained, asked for something elsewhere, or opened a dialog.
  afterEach(async (context) => {
    if (context.task.result?.state === "fail") await picture(made, context.task.name);
    for (const person of made.people) expect(person.watch.take(), `what ${person.name}'s windows must not do`).toEqual([]);
  });

  afterAll(async () => {
    await Promise.allSettled(made.people.map((person) => person.end()));
    await made.browser?.close();
    await made.services?.end();
  });

  return made;
}

/** With `TREFOIL_SHOTS=folder`, what every window showed when a test failed. */
async function picture(made: Stage, test: string): Promise<void> {
  const folder = process.env["TREFOIL_SHOTS"];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  for (const person of made.people)
    for (const [index, page] of (person.context?.pages() ?? []).entries())
      await page.screenshot({ path: join(folder, `${test.slice(0, 60).replace(/\W+/g, "-")}-${person.name}-${index}.png`) }).catch(() => {});
}
