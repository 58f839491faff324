// How files of a case are called, and how large and long they are.
import type { Exhibit } from "../api/types";

/** Notes and decisions name a file by it: A1, A2, in the order of the report. */
export const labelOf = (file: Pick<Exhibit, "number">) => `A${file.number + 1}`;

export function size(bytes: number): string {
  const exact = bytes === 1 ? "1 byte" : `${bytes} bytes`;
  if (bytes < 1024) return exact;
  const [unit, of] = bytes < 1024 * 1024 ? ["KiB", 1024] : ["MiB", 1024 * 1024];
  return `${(bytes / Number(of)).toFixed(1)} ${unit} (${exact})`;
}

export function seconds(of: number): string {
  const all = Math.round(of);
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, "0")} minutes`;
}
