// One person on one device: a folder, the local process, windows of the page, and the same API that scripts have.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import type { Account, Item, Message, Room, State } from "../../../src/api/types";
import { takePageFrom, Watch } from "./browser";
import { Program } from "./process";
import type { Profile, Services } from "./services";
import { until } from "./until";

interface Ready {
  kind: "app";
  link: string;
  address: string;
}

/** An identifier that the profile takes. */
export const identifiers: Record<Profile, (name: string) => string> = {
  account: (name) => name.toLowerCase(),
  handle: (name) => name.toLowerCase(),
  phone: (name) => `+38044555${String(1_000 + ([...name].reduce((sum, sign) => sum * 31 + sign.codePointAt(0)!, 7) % 9_000))}`,
};

export class Person {
  readonly watch: Watch;
  context: BrowserContext | undefined;
  account!: Account;

  private constructor(
    readonly name: string,
    readonly home: string,
    readonly services: Services,
    private program: Program<Ready>,
  ) {
    this.watch = new Watch(program.ready.address);
  }

  /** With a process, and no account yet. */
  static async start(services: Services, name: string): Promise<Person> {
    const home = join(services.folder, "people", name.toLowerCase());
    return new Person(name, home, services, await Person.run(services, home));
  }

  /** With an account, made through the API. */
  static async at(services: Services, profile: Profile, name: string): Promise<Person> {
    const person = await Person.start(services, name);
    await person.register(profile);
    return person;
  }

  private static run(services: Services, home: string, port = "0"): Promise<Program<Ready>> {
    return Program.start<Ready>("app", ["--home", home, "--json", "app", "--no-browser", "--port", port, "--services", services.list]);
  }

  async register(profile: Profile): Promise<Account> {
    const { url } = this.services.of(profile);
    const identifier = identifiers[profile](this.name);
    const wanted: Record<string, string> = { url, identifier, name: this.name };
    if (profile === "phone") {
      const before = this.services.codes(identifier);
      await this.post("codes", { url, number: identifier });
      wanted["code"] = await this.services.code(identifier, before);
    }
    this.account = await this.post<Account>("accounts", wanted);
    return this.account;
  }

  get link(): string {
    return this.program.ready.link;
  }

  get address(): string {
    return this.program.ready.address;
  }

  get log(): string {
    return this.program.log;
  }

  /** A first window, opened by the launch link. */
  async open(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
    this.context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", timezoneId: "UTC", ...options });
    this.context.setDefaultTimeout(20_000);
    await this.watch.over(this.context);
    const folder = process.env["TREFOIL_PAGE"];
    if (folder) await takePageFrom(this.context, this.address, folder);
    const page = await this.context.newPage();
    await page.goto(this.link);
    return page;
  }

  /** One more window in the same browser, which is signed in already. */
  async another(): Promise<Page> {
    const page = await this.context!.newPage();
    await page.goto(`${this.address}/`);
    return page;
  }

  /** After the process was started again: a window by the new link, and no other. */
  async reopen(): Promise<Page> {
    const pages = this.context!.pages();
    const page = await this.context!.newPage();
    await page.goto(this.link);
    for (const old of pages) await old.close();
    return page;
  }

  /** Ends the local process and starts it again at the same port. */
  async restart(meanwhile?: () => Promise<void>): Promise<void> {
    await this.program.end();
    await meanwhile?.();
    this.program = await Person.run(this.services, this.home, new URL(this.address).port);
  }

  async end(): Promise<void> {
    await this.context?.close();
    await this.program.end();
  }

  // The API, as scripts have it.

  private async request(method: string, path: string, body?: unknown): Promise<Response> {
    const token = readFileSync(join(this.home, "app-token"), "utf8");
    const headers: Record<string, string> = { Authorization: `Bearer ${token}`, "X-Trefoil": "1" };
    const raw = body instanceof Uint8Array;
    if (body !== undefined && !raw) headers["Content-Type"] = "application/json";
    const answer = await fetch(`${this.address}/api/v1/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: raw ? Buffer.from(body) : JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const text = await (await this.request(method, path, body)).text();
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  async bytes(path: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.request("GET", path)).arrayBuffer());
  }

  get = <T>(path: string) => this.ask<T>("GET", path);
  post = <T>(path: string, body: unknown = {}) => this.ask<T>("POST", path, body);

  /** Path in a room of the account. */
  in(room: string, rest: string): string {
    return `accounts/${this.account.id}/rooms/${encodeURIComponent(room)}/${rest}`;
  }

  state = () => this.get<State>("state");
  rooms = () => this.get<Room[]>("rooms");

  /** Opens a room with others, which is there when everybody is in it and has taken it up. */
  async room(name: string, ...others: Person[]): Promise<string> {
    const people = others.map((other) => other.account.user);
    const { room } = await this.post<{ room: string }>(`accounts/${this.account.id}/rooms`, { name, people });
    for (const person of [this, ...others])
      await until(`${person.name} is in the room with everybody`, async () => {
        const all = await person.rooms();
        const found = all.find((one) => one.room === room && one.state === "open" && one.count === others.length + 1);
        if (found?.request) await person.post(person.in(room, "marks"), { accepted: true });
        return found;
      });
    return room;
  }

  say = (room: string, text: string, more: Record<string, unknown> = {}) => this.post<{ message: string | null }>(this.in(room, "messages"), { text, ...more });

  async messages(room: string): Promise<Message[]> {
    const { items } = await this.get<{ items: Item[] }>(this.in(room, "timeline?limit=200"));
    return items.filter((item): item is Message => item.kind === "message");
  }

  /** Hands a file over and gives what names it in a message. `whole` takes nothing out of a picture. */
  async upload(name: string, bytes: Uint8Array, whole = false): Promise<string> {
    const { upload } = await this.post<{ upload: string }>(`accounts/${this.account.id}/files`, { name, size: bytes.length, whole });
    const piece = 4 * 1024 * 1024;
    for (let offset = 0; offset < bytes.length; offset += piece)
      await this.ask("PUT", `accounts/${this.account.id}/files/${upload}?offset=${offset}`, bytes.subarray(offset, offset + piece));
    return upload;
  }
}
