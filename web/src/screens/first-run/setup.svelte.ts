// The steps of the first run, and what was entered in them.
import * as api from "../../api/accounts";
import { ApiError, sentence } from "../../api/client";
import type { Account, KnownService } from "../../api/types";
import { takeAccount } from "../../state/accounts.svelte";
import { failed } from "../../state/notices.svelte";
import { loadRooms } from "../../state/rooms.svelte";
import { stepIn } from "../../state/view.svelte";
import { setting } from "../../state/setting-up.svelte";
import { identifierInWords } from "../../text/problem";

export type Step = "start" | "have" | "service" | "identity" | "link" | "restore-code" | "restore-pin" | "recovery";
type Aim = "new" | "link" | "restore-code" | "restore-pin";

export class Setup {
  step = $state<Step>("start");
  aim = $state<Aim>("new");
  service = $state.raw<KnownService | undefined>(undefined);
  account = $state.raw<Account | undefined>(undefined);
  busy = $state(false);
  /** The service makes accounts with a registration pass only. */
  passWanted = $state(false);
  error = $state<string | undefined>(undefined);
  private steps: Step[] = [];

  go(step: Step): void {
    this.error = undefined;
    this.steps.push(this.step);
    this.step = step;
    stepIn(this.steps.length);
  }

  back(): void {
    if (this.steps.length > 0) history.back();
    else setting.up = false;
  }

  /** The browser went back to that many steps, by its own button or by ours. Behind an account that was made there is nothing. */
  returned(steps: number): void {
    if (this.account) return;
    this.error = undefined;
    if (steps === 0 && this.steps.length === 0) setting.up = false;
    while (this.steps.length > steps) this.step = this.steps.pop()!;
  }

  begin(aim: Aim): void {
    this.aim = aim;
    this.go("service");
  }

  chose(service: KnownService): void {
    this.service = service;
    this.passWanted = false;
    this.go(this.aim === "new" ? "identity" : this.aim);
  }

  /** Runs what may fail, with its sentence shown where the person looks. */
  async try(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.error = undefined;
    try {
      await work();
    } catch (error) {
      if (error instanceof ApiError && error.code === "pass-needed") this.passWanted = true;
      this.error = (error instanceof ApiError && identifierInWords(error.code, this.service?.profile)) || sentence(error);
    } finally {
      this.busy = false;
    }
  }

  /** `born`: the month of birth of somebody under age, or an empty text; of others nothing. */
  async create(identifier: string, name: string, { code, pass, born }: { code: string | undefined; pass: string; born: string | undefined }): Promise<void> {
    setting.up = true;
    const url = this.service!.url;
    const age = born === undefined ? {} : { under_age: true, ...(born && { born }) };
    this.took(await api.createAccount({ url, identifier, name, ...(code === undefined ? {} : { code }), ...(pass ? { pass } : {}), ...age }));
    this.steps = [];
    this.step = "recovery";
  }

  took(account: Account): void {
    setting.up = true;
    this.account = account;
    takeAccount(account);
  }

  finish(): void {
    setting.up = false;
    loadRooms().catch(failed);
  }
}
