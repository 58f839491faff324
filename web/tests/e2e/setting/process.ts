// Programs that a test starts: their first record is read, and each is ended by its own id, whatever happens.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const BUILT = fileURLToPath(new URL("../../../../target/debug/trefoil", import.meta.url));
/** How long a program may take until it is ready. */
const READY = 60_000;
/** How long it may take to end before it is killed. */
const PATIENCE = 15_000;

export const program = process.env["TREFOIL_BIN"] ?? BUILT;

const running = new Set<ChildProcess>();
// When the tests themselves are cut short, nothing of theirs stays behind.
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export class Program<Ready> {
  private constructor(
    readonly ready: Ready,
    private readonly child: ChildProcess,
    private readonly said: () => string,
  ) {}

  /** Starts it and waits for the JSON record of the kind. */
  static async start<Ready extends { kind: string }>(kind: Ready["kind"], args: string[]): Promise<Program<Ready>> {
    if (!existsSync(program)) throw new Error(`${program} is not there: build it (cargo build -p trefoil) or name one in TREFOIL_BIN`);
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    child.once("exit", () => running.delete(child));
    let out = "";
    let said = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-20_000)));
    const ready = await new Promise<Ready>((resolve, reject) => {
      const failed = (why: string) => reject(new Error(`trefoil ${args.join(" ")}: ${why}\n${said}`));
      const timer = setTimeout(() => failed("is not ready in time"), READY);
      child.once("error", (error) => failed(error.message));
      child.once("exit", (code) => failed(`ended with ${code}`));
      child.stdout!.setEncoding("utf8").on("data", (text: string) => {
        out += text;
        const lines = out.split("\n");
        out = lines.pop()!;
        for (const line of lines) {
          const record = parsed(line);
          if (record?.kind !== kind) continue;
          clearTimeout(timer);
          resolve(record as Ready);
        }
      });
    }).catch((error: unknown) => {
      child.kill("SIGKILL");
      throw error;
    });
    return new Program(ready, child, () => said);
  }

  get log(): string {
    return this.said();
  }

  async end(): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    await gone;
    clearTimeout(timer);
  }
}

function parsed(line: string): { kind?: string } | undefined {
  try {
    return JSON.parse(line) as { kind?: string };
  } catch {
    return undefined;
  }
}
