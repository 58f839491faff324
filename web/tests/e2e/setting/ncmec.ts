// A server on this machine that answers as NCMEC's reporting API does, and writes down what it was asked. That what is sent fits the
// schema is tested with the service (crates/server/src/safety/tipline/tests/schema.rs); here it is looked at as far as the desk fills it in.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Call {
  what: string;
  body: Buffer;
}

/** What a report must have, in the order of the schema. */
const ORDER = ["<report>", "<incidentSummary>", "<incidentType>", "<incidentDateTime>", "<internetDetails>", "<reporter>", "<personOrUserReported>", "</report>"];

export class Ncmec {
  readonly calls: Call[] = [];
  /** What is refused for the time being, as by a fault there. */
  readonly down = new Set<string>();
  /** What is refused for good. */
  readonly barred = new Set<string>();
  private reports = 4_564_653;
  private files = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Ncmec> {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const ncmec = new Ncmec(server);
    server.on("request", async (request, answer) => {
      const [status, xml] = ncmec.follow(request, await read(request));
      answer.writeHead(status, { "Content-Type": "text/xml" }).end(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${xml}`);
    });
    return ncmec;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/ispws`;
  }

  get asked(): string[] {
    return this.calls.map(({ what }) => what);
  }

  /** What the last call of a kind said. */
  said(what: string): string {
    return this.calls.findLast((call) => call.what === what)!.body.toString("utf8");
  }

  end(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private follow(request: IncomingMessage, body: Buffer): [number, string] {
    const what = request.url!.split("/").pop()!;
    this.calls.push({ what, body });
    const text = body.toString("utf8");
    const refused = (code: number, why: string): [number, string] => [400, response(code, why)];
    if (request.headers.authorization !== `Basic ${Buffer.from("trefoil:open sesame").toString("base64")}`) return refused(2000, "Authentication required");
    if (this.down.has(what)) return refused(1000, "A fault, try again");
    if (this.barred.has(what)) return refused(3100, "This account may not do it");
    if (what === "submit") {
      const places = ORDER.map((element) => text.indexOf(element));
      if (places.some((place, i) => place < (places[i - 1] ?? 0))) return refused(4100, "not as the schema has it");
      return [200, response(0, "Success", `<reportId>${++this.reports}</reportId>`)];
    }
    if (what === "upload") return [200, response(0, "Success", `<reportId>${this.reports}</reportId><fileId>file${++this.files}</fileId>`)];
    if (what === "fileinfo") return [200, response(0, "Success", `<reportId>${this.reports}</reportId>`)];
    if (what === "retract") return [200, response(0, "Success", `<reportId>${this.reports}</reportId>`)];
    if (what === "finish") return [200, `<reportDoneResponse><responseCode>0</responseCode><reportId>${this.reports}</reportId><files/></reportDoneResponse>`];
    return refused(4100, "nothing is there");
  }
}

const response = (code: number, why: string, more = "") => `<reportResponse><responseCode>${code}</responseCode><responseDescription>${why}</responseDescription>${more}</reportResponse>`;

async function read(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
