// The safety team of a service: invited by the operator or a lead, each with a browser of their own and a passkey in it.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";
import { takePageFrom, Watch } from "./browser";
import { program } from "./process";
import type { Service } from "./services";
import { until } from "./until";

export type Role = "reviewer" | "child-safety-reviewer" | "lead" | "auditor";

/** Where the console of a service is, by its configuration. */
export function consoleOf(service: Service): string {
  return /\[console\][^[]*origin = "([^"]+)"/.exec(readFileSync(service.config, "utf8"))![1]!;
}

/** What the operator does: the code is good as soon as the service has taken the order. */
export async function invite(service: Service, name: string, role: Role): Promise<string> {
  const said = execFileSync(program, ["--json", "admin", "staff", "invite", name, "--role", role, "--config", service.config], { encoding: "utf8" });
  const { code } = JSON.parse(said) as { code: string };
  const inbox = join(dirname(service.config), "data", "staff-inbox");
  await until("the service takes the order", () => readdirSync(inbox).length === 0);
  return code;
}

export class Reviewer {
  private constructor(
    readonly name: string,
    readonly context: BrowserContext,
    readonly page: Page,
    readonly watch: Watch,
  ) {}

  /** A browser at the desk, with an authenticator in which nothing is yet. */
  static async at(service: Service, browser: Browser, name: string, options: BrowserContextOptions = {}): Promise<Reviewer> {
    const origin = consoleOf(service);
    const watch = new Watch(origin);
    // A browser tells every refusal: that nobody is signed in is one.
    watch.allow(/status of 401 .*\/api\/session/);
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", timezoneId: "UTC", ...options });
    context.setDefaultTimeout(20_000);
    await watch.over(context);
    // Presses of the pointer, as the page has them: a label and its box are one.
    await context.addInitScript(() => {
      const counted = window as unknown as { presses: number };
      counted.presses = 0;
      window.addEventListener("pointerdown", (event) => event.isTrusted && (counted.presses += 1), true);
    });
    const folder = process.env["TREFOIL_DESK_PAGE"];
    if (folder) await takePageFrom(context, origin, folder);
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send("WebAuthn.enable");
    await cdp.send("WebAuthn.addVirtualAuthenticator", {
      options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    });
    await page.goto(`${origin}/`);
    return new Reviewer(name, context, page, watch);
  }

  async join(code: string): Promise<void> {
    await this.page.getByRole("textbox", { name: "Invitation code" }).fill(code);
    await this.button("Make a passkey and come in").click();
    await this.title("Queues");
  }

  button = (name: string | RegExp, at: Page | Locator = this.page) => at.getByRole("button", { name, exact: typeof name === "string" });
  part = (name: string | RegExp) => this.page.getByRole("region", { name });
  title = (name: string | RegExp) => this.page.getByRole("heading", { level: 1, name }).waitFor();
  said = (what: string | RegExp) => this.page.getByRole("status").filter({ hasText: what }).waitFor();
  refused = (what: string | RegExp) => this.page.getByRole("alert").filter({ hasText: what }).waitFor();

  async go(to: string): Promise<void> {
    await this.page.getByRole("navigation", { name: "Desk" }).getByRole("link", { name: to, exact: true }).click();
    await this.title(to);
  }

  /** Takes the next case of a queue. */
  async next(queue: string): Promise<void> {
    await this.button(`Take the next: ${queue}`).click();
    await this.part("Who and where").waitFor();
  }

  async open(): Promise<void> {
    await this.button("Open").click();
    await this.page.getByRole("group", { name: /^Message 1/ }).waitFor();
  }

  /** Comes into the team of a service in a role. */
  static async of(service: Service, browser: Browser, name: string, role: Role, options: BrowserContextOptions = {}): Promise<Reviewer> {
    const reviewer = await Reviewer.at(service, browser, name, options);
    await reviewer.join(await invite(service, name.toLowerCase(), role));
    return reviewer;
  }

  /** Asks the console with this browser's session, around the page: status, and code of what is refused. */
  asks(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<{ status: number; code?: string; answer: unknown }> {
    const ask = async ([method, path, body]: [string, string, string | undefined]) => {
      const sent = body === undefined ? {} : { body, headers: { "Content-Type": "application/json" } };
      const response = await fetch(`/api/${path}`, { method, ...sent });
      const answer = JSON.parse((await response.text()) || "null") as { code?: string } | null;
      return { status: response.status, ...(response.ok ? {} : { code: answer?.code ?? "" }), answer };
    };
    return this.page.evaluate(ask, [method, path, body === undefined ? undefined : JSON.stringify(body)] as [string, string, string | undefined]);
  }

  /** To an address of the page, as one writes it into the bar. */
  to = (address: string) => this.page.evaluate((hash) => void (location.hash = hash), address);

  pressesSoFar = () => this.page.evaluate(() => (window as unknown as { presses: number }).presses);

  /** The case that is looked at. */
  get case(): string {
    return this.page.url().split("/").pop()!;
  }
}

/** Somebody of the team who decides with the command line, where a test is about what comes of it. */
export class ByCommand {
  private constructor(private readonly key: string) {}

  static async join(service: Service, name: string, role: Role): Promise<ByCommand> {
    const team = new ByCommand(join(dirname(service.config), `${name}.toml`));
    team.run("join", await invite(service, name, role), "--console", consoleOf(service));
    return team;
  }

  /** Takes the next report, opens it and decides it: the case. */
  async decide(action: string, ...more: string[]): Promise<string> {
    const { case: id } = await this.openNext();
    this.run("decide", id, action, ...more);
    return id;
  }

  /** Takes the next report and opens it: what is shown then. */
  async openNext(): Promise<{ case: string }> {
    const { case: id } = await until("a report waits", () => {
      const taken = this.run("next");
      return taken["case"] ? (taken as { case: string }) : undefined;
    });
    return this.run("case", id, "--open") as { case: string };
  }

  private run(...args: string[]): Record<string, unknown> {
    const said = execFileSync(program, ["--json", "moderate", "--desk", this.key, ...args], { encoding: "utf8" });
    return JSON.parse(said.split("\n")[0] || "{}") as Record<string, unknown>;
  }
}
