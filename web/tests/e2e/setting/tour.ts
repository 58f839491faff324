// Every screen and dialog of the page, one after the other, in whichever language.
import type { Locator, Page } from "playwright-core";
import { word } from "./words";

export interface Stop {
  name: string;
  open: () => Promise<unknown>;
  /** Back to where the next one begins. */
  leave?: () => Promise<unknown>;
  /** The conversation is still open after it. */
  within?: boolean;
}

export class Tour {
  constructor(
    private readonly page: Page,
    private readonly locale = "en",
  ) {}

  private t = (name: string, inputs: Record<string, string> = {}) => word(name, inputs, this.locale);
  private button = (name: string, at: Page | Locator = this.page) => at.getByRole("button", { name: this.t(name), exact: true });
  private item = (name: string) => this.page.getByRole("menuitem", { name: this.t(name), exact: true });
  private esc = () => this.page.keyboard.press("Escape");
  private heading = (name: string) => this.page.getByRole("heading", { name: this.t(name) }).first().waitFor();

  /** Before there is an account. */
  firstRun(domain: string): Stop[] {
    const { page } = this;
    const back = () => this.button("back").click();
    return [
      { name: "first-run", open: () => this.heading("first_title") },
      { name: "have-account", open: () => this.button("first_have").click().then(() => this.heading("have_title")), leave: back },
      { name: "choose-service", open: () => this.button("first_new").click().then(() => this.heading("service_title")) },
      { name: "another-service", open: () => page.getByRole("radio", { name: this.t("service_other") }).check() },
      {
        name: "who-are-you",
        open: async () => {
          await page.getByRole("radio", { name: domain }).check();
          await this.button("next").click();
          await this.heading("identity_title");
        },
      },
    ];
  }

  /** With the scene; begins at the inbox. */
  async *everything(title: string, only?: string[]): AsyncGenerator<string> {
    for (const stop of [...this.inbox(), ...this.conversation(title).map((one) => ({ ...one, within: true })), ...this.settings()] as Stop[]) {
      await stop.open();
      if (!only || only.includes(stop.name)) {
        await this.page.waitForTimeout(350);
        yield stop.name;
      }
      await stop.leave?.();
      // Esc closes one thing at a time.
      if (stop.within) await this.page.getByRole("form", { name: this.t("composer"), includeHidden: true }).waitFor({ state: "attached", timeout: 2_000 }).catch(() => Promise.reject(new Error(`${stop.name}: Esc left the conversation too`)));
    }
  }

  private inbox(): Stop[] {
    const start = (choice: string, titled = choice): Stop => ({
      name: choice.replace("start_", "dialog-"),
      open: async () => {
        await this.button("start_new").click();
        await this.item(choice).click();
        await this.page.getByRole("dialog", { name: this.t(titled) }).waitFor();
      },
      leave: this.esc,
    });
    return [
      { name: "inbox", open: () => this.page.getByRole("list", { name: this.t("conversations") }).getByRole("listitem").first().waitFor() },
      { name: "menu-new", open: () => this.button("start_new").click(), leave: this.esc },
      start("start_find"),
      start("start_group"),
      start("start_join"),
      start("start_card", "my_card"),
      {
        name: "dialog-search",
        open: async () => {
          await this.page.keyboard.press("Control+k");
          await this.page.getByRole("searchbox").fill("library");
          await this.page.locator("mark").first().waitFor();
        },
        leave: this.esc,
      },
      { name: "dialog-keys", open: () => this.page.keyboard.press("Control+/").then(() => this.page.getByRole("dialog").waitFor()), leave: this.esc },
    ];
  }

  private conversation(title: string): Stop[] {
    const { page } = this;
    const row = (text: string | RegExp) => page.getByRole("article").filter({ hasText: text }).last();
    const menu = async (of: Locator) => {
      await of.hover();
      await of.getByRole("button", { name: this.t("more"), exact: true }).click();
    };
    const fromMenu = (name: string, of: () => Locator, choice: string): Stop => ({
      name,
      open: async () => {
        await menu(of());
        await this.item(choice).click();
        await page.getByRole("dialog").waitFor();
      },
      leave: this.esc,
    });
    /** Looked at first: what comes into view by being scrolled to is still being measured, and moves from under a press. */
    const opens = async (button: Locator) => {
      await button.hover();
      await page.waitForTimeout(200);
      await button.click();
      await page.getByRole("dialog").waitFor();
    };
    const own = () => page.locator("[data-key]").filter({ has: page.locator("[data-stage]") }).last();
    const details = () => page.getByRole("region", { name: this.t("details") });
    return [
      {
        name: "conversation",
        open: async () => {
          const conversations = page.getByRole("list", { name: this.t("conversations") }).getByRole("listitem");
          await conversations.filter({ has: page.getByText(title, { exact: true }) }).getByRole("button").first().click();
          await page.getByRole("form", { name: this.t("composer") }).waitFor();
          // It opens at the first unread message; the pictures are at the end.
          await page.locator("button.jump").click({ timeout: 3_000 }).catch(() => undefined);
          // Where there is little room, they are above what is drawn.
          const pictures = page.getByRole("img", { name: /china|flower/ });
          for (let i = 0; i < 30 && (await pictures.count()) === 0; i++) {
            await page.locator(".timeline").evaluate((one) => one.scrollBy(0, -250));
            await page.waitForTimeout(150);
          }
          await pictures.last().waitFor();
        },
      },
      { name: "menu-message", open: () => menu(own()), leave: this.esc },
      fromMenu("dialog-forward", own, "forward"),
      fromMenu("dialog-unsend", own, "unsend"),
      {
        name: "emoji",
        open: () => page.getByRole("form", { name: this.t("composer") }).getByRole("button", { name: this.t("emoji"), exact: true }).click(),
        leave: this.esc,
      },
      { name: "dialog-history", open: () => opens(row(this.t("edited")).getByRole("button", { name: this.t("edited"), exact: true })), leave: this.esc },
      { name: "dialog-reactions", open: () => opens(page.getByRole("button", { name: this.t("who_reacted") }).last()), leave: this.esc },
      { name: "gallery", open: () => page.getByRole("article").getByRole("button").filter({ has: page.getByRole("img", { name: /china|flower/ }) }).last().click().then(() => page.getByRole("dialog", { name: this.t("gallery") }).waitFor()), leave: this.esc },
      {
        name: "group-details",
        open: async () => {
          await page.getByRole("heading", { level: 1, name: title }).click();
          await details().getByRole("listitem").filter({ hasText: "Yuki" }).first().waitFor();
        },
      },
      {
        name: "dialog-invite",
        open: () => details().getByRole("button", { name: this.t("invite") }).click().then(() => page.getByRole("dialog").waitFor()),
        leave: this.esc,
      },
      { name: "dialog-add-people", open: () => this.button("add", details()).click().then(() => page.getByRole("dialog").waitFor()), leave: this.esc },
      {
        name: "person",
        open: async () => {
          await details().getByRole("listitem").filter({ hasText: "Yuki" }).getByRole("button").first().click();
          await details().getByRole("list", { name: this.t("safety_digits") }).waitFor();
        },
        leave: this.esc,
      },
    ];
  }

  private settings(): Stop[] {
    const { page } = this;
    const account = page.getByRole("main").getByRole("article").first();
    const recovery = account.getByRole("button", { name: this.t("recovery"), exact: true });
    const part = (name: string, button: Locator, heading: string): Stop => ({
      name,
      open: () => button.click().then(() => this.heading(heading)),
      leave: () => page.goBack(),
    });
    return [
      { name: "settings", open: () => page.keyboard.press("Control+,").then(() => this.heading("theme").catch(() => this.heading("privacy"))) },
      // Its words hold a number, which each language puts in its own way.
      part("devices", recovery.locator("xpath=preceding-sibling::button[1]"), "approve_title"),
      part("recovery", recovery, "pin"),
      part("decisions", this.button("decisions", account), "my_reports"),
    ];
  }
}
