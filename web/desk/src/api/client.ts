// One way to ask the console something. Every refusal is a Refused whose message is a sentence that says what to do.
import { inWords } from "../text/problem";

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

let onSignedOut: (why: string) => void = () => {};

/** Called when the console does not know this browser (any more). */
export function whenSignedOut(listener: (why: string) => void): void {
  onSignedOut = listener;
}

export async function ask<T>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
  const sent: RequestInit = body instanceof Blob ? { body } : body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const text = await (await answered(path, { ...sent, method })).text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** What is no JSON. */
export async function bytes(path: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await answered(path, signal ? { signal } : {})).arrayBuffer());
}

async function answered(path: string, sent: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api/${path}`, { ...sent, credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new Refused(0, "away", inWords({ code: "away" }));
  }
  if (response.ok) return response;
  const refused = refusal(response.status, await response.text());
  if (refused.code === "no-session") onSignedOut(refused.message);
  throw refused;
}

function refusal(status: number, text: string): Refused {
  try {
    const said = JSON.parse(text) as { code?: string; message?: string; until?: number };
    return new Refused(status, said.code ?? "failed", inWords(said));
  } catch {
    return new Refused(status, "failed", inWords({ code: "failed" }));
  }
}

/** Puts values into a path: each is percent-encoded. */
export function at(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return parts.reduce((path, part, i) => path + encodeURIComponent(String(values[i - 1])) + part);
}

/** The sentence to show for whatever was thrown. */
export function sentence(error: unknown): string {
  return error instanceof Error && error.message ? error.message : "Something went wrong in this page: load it again.";
}
