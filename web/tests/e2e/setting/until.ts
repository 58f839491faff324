// Waiting for what must come about, never longer than a limit.
const LIMIT = 30_000;

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Looks until there is something. */
export async function until<T>(what: string, look: () => T | undefined | false | null | Promise<T | undefined | false | null>, limit = LIMIT): Promise<T> {
  const end = Date.now() + limit;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await pause(25);
  }
}
