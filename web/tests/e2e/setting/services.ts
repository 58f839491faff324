// Three services on free ports of this machine, in a folder that goes away with them.
import { appendFileSync, mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Program } from "./process";
import { until } from "./until";

export type Profile = "account" | "handle" | "phone";

export interface Service {
  profile: Profile;
  domain: string;
  url: string;
  pid: number;
  config: string;
}

interface Ready {
  kind: "ready";
  services: Service[];
  ca: string;
}

interface Listening {
  kind: "listening";
  domain: string;
}

export class Services {
  /** Those that were started one by one, to be stopped one by one. */
  private readonly single = new Map<Profile, Program<Listening>>();

  private constructor(
    readonly folder: string,
    private readonly program: Program<Ready>,
  ) {}

  /** Three that can be stopped and started again: `trefoil up` would start one that ends again by itself. */
  static async startSingly(): Promise<Services> {
    const services = await Services.start();
    // It has written the configurations; the ports in them stay.
    await services.program.end();
    for (const { profile } of services.all) await services.begin(profile);
    return services;
  }

  async begin(profile: Profile): Promise<void> {
    this.single.set(profile, await Program.start<Listening>("listening", ["--json", "serve", "--config", this.of(profile).config]));
  }

  async stop(profile: Profile): Promise<void> {
    await this.single.get(profile)!.end();
    this.single.delete(profile);
  }

  /** Starts a service again, of those that were started singly, with more in its configuration. */
  async configured(profile: Profile, more: string): Promise<void> {
    await this.stop(profile);
    appendFileSync(this.of(profile).config, `\n${more}`);
    await this.begin(profile);
  }

  static async start(): Promise<Services> {
    const folder = mkdtempSync(join(tmpdir(), "trefoil-page-"));
    try {
      return new Services(folder, await Program.start<Ready>("ready", ["up", "--port-base", "0", "--quiet", "--json", "--data", folder]));
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get all(): Service[] {
    return this.program.ready.services;
  }

  of(profile: Profile): Service {
    return this.all.find((service) => service.profile === profile)!;
  }

  /** The file that `trefoil app` takes as its suggestions. */
  get list(): string {
    return join(this.folder, "services.toml");
  }

  get ca(): string {
    return this.program.ready.ca;
  }

  /** The newest one-time code for a number; `before` are codes that were there already. */
  async code(number: string, before: string[] = []): Promise<string> {
    return until(`a code for ${number}`, () => this.codes(number).findLast((code) => !before.includes(code)));
  }

  codes(number: string): string[] {
    let log = "";
    try {
      log = readFileSync(join(dirname(this.of("phone").config), "data", "codes.log"), "utf8");
    } catch {
      // Nobody has asked for one yet.
    }
    return log
      .split("\n")
      .filter((line) => line.startsWith(`${number} `))
      .map((line) => line.split(" ")[1]!);
  }

  async end(): Promise<void> {
    await this.program.end();
    for (const program of this.single.values()) await program.end();
    await rm(this.folder, { recursive: true, force: true });
  }
}
