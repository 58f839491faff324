// Files that are on their way: what this page hands to the process, and what the process sends or fetches.
import { SvelteMap } from "svelte/reactivity";
import * as api from "../api/files";
import { sentence } from "../api/client";

export class Attachment {
  there = $state(0);
  upload = $state<string | undefined>(undefined);
  failure = $state<string | undefined>(undefined);
  readonly preview: string | undefined;
  readonly done: Promise<string>;
  /** Fails as soon as the person takes it out, and ends in no other way. */
  readonly takenOut: Promise<never>;
  private readonly stop = new AbortController();

  constructor(
    readonly account: string,
    readonly file: File,
    /** Seconds, when it was recorded here. */
    readonly seconds?: number,
  ) {
    if (/^image\/(png|jpeg|gif|webp|avif)$/.test(file.type)) this.preview = URL.createObjectURL(file);
    const { signal } = this.stop;
    this.takenOut = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    this.done = this.hand();
    this.takenOut.catch(() => {});
    this.done.catch(() => {});
  }

  get part(): number {
    return this.file.size === 0 ? 1 : this.there / this.file.size;
  }

  get isOut(): boolean {
    return this.stop.signal.aborted;
  }

  takeBack(): void {
    this.stop.abort();
    this.forget();
    if (this.upload) api.takeBackUpload(this.account, this.upload).catch(() => {});
  }

  forget(): void {
    if (this.preview) URL.revokeObjectURL(this.preview);
  }

  private async hand(): Promise<string> {
    try {
      this.upload = await api.upload(this.account, this.file, this.stop.signal, (there) => (this.there = there));
      this.there = this.file.size;
      return this.upload;
    } catch (error) {
      this.failure = sentence(error);
      throw error;
    }
  }
}

export interface Progress {
  there: number;
  of: number;
}

/** By upload, as the process tells it. What is complete is not kept. */
export const transfers = new SvelteMap<string, Progress>();

export function takeTransfer(id: string, progress: Progress): void {
  if (progress.there >= progress.of) transfers.delete(id);
  else transfers.set(id, progress);
}
