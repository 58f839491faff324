// A real browser, and everything that a page in it does which a page must not do.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
// A microphone that beeps; who may use it is decided by the permissions of each context.
args.push("--use-fake-device-for-media-stream");
// No name but loopback leads anywhere: what would leave this machine fails, and is recorded.
args.push("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost");
// A page from a folder comes from nowhere, as the browser sees it, and may not ask this machine.
if (process.env["TREFOIL_PAGE"]) args.push("--disable-features=LocalNetworkAccessChecks");

export const launch = (...more: string[]): Promise<Browser> => chromium.launch({ executablePath, args: [...args, ...more] });

/** A browser that keeps in this folder whatever browsers keep on a disk. */
export const launchIn = (folder: string): Promise<BrowserContext> =>
  chromium.launchPersistentContext(folder, { executablePath, args, viewport: { width: 1280, height: 800 }, locale: "en-GB", timezoneId: "UTC" });

/** What happened in the windows of one person. */
export class Watch {
  /** Sentences of the console, failures of scripts, violations of the policy. */
  readonly faults: string[] = [];
  readonly dialogs: string[] = [];
  /** Requests that went elsewhere than to the own process. */
  readonly away: string[] = [];
  /** Addresses that the page went to. */
  readonly navigations: string[] = [];
  /** How often a window asked whether to go although something would be lost by it; it always goes. */
  warned = 0;
  private allowed: RegExp[] = [];

  constructor(readonly origin: string) {}

  /** Faults that a test provokes on purpose. */
  allow(...patterns: RegExp[]): void {
    this.allowed.push(...patterns);
  }

  /** Everything that should not have been, since it was last asked for. */
  take(): string[] {
    const all = this.faults.filter((fault) => !this.allowed.some((pattern) => pattern.test(fault)));
    all.push(...this.dialogs.map((text) => `dialog: ${text}`), ...this.away.map((url) => `request: ${url}`));
    this.faults.length = this.dialogs.length = this.away.length = 0;
    return all;
  }

  async over(context: BrowserContext): Promise<void> {
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
    });
    context.on("request", (request) => this.asked(request.url()));
    context.on("page", (page) => this.overPage(page));
  }

  private overPage(page: Page): void {
    page.on("console", (message) => message.type() === "error" && this.faults.push(`console: ${message.text()} ${message.location().url}`));
    page.on("pageerror", (error) => this.faults.push(`script: ${error.stack ?? error.message}`));
    page.on("dialog", (dialog) => {
      if (dialog.type() === "beforeunload") {
        this.warned += 1;
        return void dialog.accept();
      }
      this.dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    page.on("websocket", (socket) => this.asked(socket.url().replace(/^ws/, "http")));
    page.on("framenavigated", (frame) => this.navigations.push(frame.url()));
  }

  private asked(url: string): void {
    if (!url.startsWith(`${this.origin}/`) && !url.startsWith(`blob:${this.origin}/`)) this.away.push(url);
  }
}

/** While one works on the page: `TREFOIL_PAGE=dist` takes its files from that folder instead of from inside the program. */
export async function takePageFrom(context: BrowserContext, origin: string, folder: string): Promise<void> {
  await context.route(
    (url) => url.origin === origin && !url.pathname.startsWith("/api/"),
    async (route) => {
      const answer = await route.fetch({ url: `${origin}/` });
      const path = new URL(route.request().url()).pathname;
      const name = path === "/" ? "index.html" : path.slice(1);
      const type = { js: "text/javascript", css: "text/css", svg: "image/svg+xml", html: "text/html" }[name.split(".").pop()!];
      await route.fulfill({ headers: { ...answer.headers(), "content-type": type ?? "application/octet-stream" }, body: await readFile(join(folder, name)) });
    },
  );
}
