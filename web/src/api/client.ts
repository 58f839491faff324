// One way to ask the process something. Every failure is an ApiError whose message is a sentence for people.
import { m } from "../paraglide/messages.js";
import { key, keyed } from "./key";
import { problemInWords, type Refusal } from "../text/problem";

const BASE = "/api/v1/";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    private readonly words: () => string,
  ) {
    super();
  }

  /** Found when it is shown: the first request goes before the language is there. */
  override get message(): string {
    return this.words();
  }
}

type Method = "GET" | "POST" | "PUT" | "DELETE";
type Listener = () => void;
let onLockedOut: Listener = () => {};

/** Called when the process no longer knows this page (401). */
export function whenLockedOut(listener: Listener): void {
  onLockedOut = listener;
}

export function get<T>(path: string, query?: Record<string, string | number | undefined>): Promise<T> {
  return ask<T>("GET", path + asQuery(query));
}

export function post<T = void>(path: string, body: object = {}): Promise<T> {
  return ask<T>("POST", path, JSON.stringify(body), "application/json");
}

export function postBytes<T>(path: string, bytes: Blob): Promise<T> {
  return ask<T>("POST", path, bytes, "application/octet-stream");
}

/** Goes through even while the page itself goes away. */
export function postLeaving<T = void>(path: string, body: object = {}): Promise<T> {
  return ask<T>("POST", path, JSON.stringify(body), "application/json", true);
}

export function put<T>(path: string, bytes: Blob): Promise<T> {
  return ask<T>("PUT", path, bytes, "application/octet-stream");
}

export function remove(path: string): Promise<void> {
  return ask<void>("DELETE", path);
}

/** The address of something that an element loads by itself: a picture, a sound, a file. */
export function address(path: string): string {
  return keyed(BASE + path);
}

/** Puts values into a path: each is percent-encoded, as room and user names hold slashes. */
export function at(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return parts.reduce((path, part, i) => path + encodeURIComponent(String(values[i - 1])) + part);
}

/** The sentence to show for whatever was thrown. */
export function sentence(error: unknown): string {
  return error instanceof ApiError ? error.message : m.error_unexpected();
}

async function ask<T>(method: Method, path: string, body?: BodyInit, type?: string, keepalive = false): Promise<T> {
  // Before there is a session the header says only that no form of another site asks.
  const headers: Record<string, string> = { Accept: "application/json", "X-Trefoil": key() || "1" };
  if (type) headers["Content-Type"] = type;
  let response: Response;
  try {
    response = await fetch(BASE + path, { method, headers, body: body ?? null, credentials: "same-origin", cache: "no-store", keepalive });
  } catch {
    throw new ApiError(0, "process-away", () => m.error_process_away());
  }
  if (!response.ok) throw await refused(response, path);
  if (response.status === 204 || response.headers.get("content-length") === "0") return undefined as T;
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

async function refused(response: Response, path: string): Promise<ApiError> {
  const refusal = (await response.json().catch(() => ({}))) as Refusal;
  if (response.status === 401 && path !== "session") onLockedOut();
  return new ApiError(response.status, refusal.code ?? "unknown", () => problemInWords(refusal));
}

function asQuery(query?: Record<string, string | number | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined && value !== "") search.set(name, String(value));
  return search.size > 0 ? `?${search}` : "";
}
