// Handing a file to the process, piece by piece; it seals and sends it.
import { at, get, post, put, remove } from "./client";
import type { Upload } from "./types";

const PIECE = 4 * 1024 * 1024;

export const takeBackUpload = (account: string, upload: string) => remove(at`accounts/${account}/files/${upload}`);

/** Hands over all of `file`. `progress` hears the bytes that are there; an aborted signal stops between two pieces. */
export async function upload(account: string, file: File, signal: AbortSignal, progress: (there: number) => void): Promise<string> {
  const { upload: id, there } = (await begunBefore(account, file)) ?? (await post<Upload>(at`accounts/${account}/files`, { name: file.name || "file", size: file.size }));
  let offset = there;
  progress(offset);
  remember(account, file, id);
  while (offset < file.size) {
    signal.throwIfAborted();
    offset = await piece(account, id, file, offset);
    progress(offset);
  }
  remember(account, file, undefined);
  return id;
}

/** The same file, chosen again after this window was loaded anew in the middle: what is there already is not handed over twice. */
async function begunBefore(account: string, file: File): Promise<Upload | undefined> {
  const id = sessionStorage.getItem(keyOf(account, file));
  if (!id) return undefined;
  const known = await get<Upload>(at`accounts/${account}/files/${id}`).catch(() => undefined);
  return known?.size === file.size ? known : undefined;
}

function remember(account: string, file: File, id: string | undefined): void {
  const key = keyOf(account, file);
  if (id === undefined) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, id);
}

/** Only in this window, and only as far as a browser can tell that a file is the same. */
const keyOf = (account: string, file: File) => `trefoil-upload ${account} ${file.size} ${file.lastModified} ${file.name}`;

async function piece(account: string, id: string, file: File, offset: number): Promise<number> {
  const path = at`accounts/${account}/files/${id}`;
  try {
    const answer = await put<{ there: number }>(`${path}?offset=${offset}`, file.slice(offset, offset + PIECE));
    return answer.there;
  } catch (error) {
    // A piece may have arrived although its answer did not: the process knows where to go on.
    const known = await get<{ there: number }>(path).catch(() => undefined);
    if (known === undefined || known.there <= offset) throw error;
    return known.there;
  }
}
