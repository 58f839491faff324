// Handing a file to the process, piece by piece; it seals and sends it.
import { at, get, post, put, remove } from "./client";
import type { Upload } from "./types";

const PIECE = 4 * 1024 * 1024;

export const takeBackUpload = (account: string, upload: string) => remove(at`accounts/${account}/files/${upload}`);

/** Files that are being handed over, by the name under which each is remembered. One that is chosen once more meanwhile is an upload of its own. */
const claimed = new Set<string>();

/** Hands over all of `file`. `progress` hears the bytes that are there; an aborted signal stops between two pieces, and gives up what is there. */
export async function upload(account: string, file: File, signal: AbortSignal, progress: (there: number) => void): Promise<string> {
  const key = keyOf(account, file);
  if (claimed.has(key)) return rest(account, await begin(account, file), file, signal, progress);
  claimed.add(key);
  try {
    const begun = (await begunBefore(account, file, key)) ?? (await begin(account, file));
    sessionStorage.setItem(key, begun.upload);
    const id = await rest(account, begun, file, signal, progress);
    sessionStorage.removeItem(key);
    return id;
  } catch (error) {
    if (signal.aborted) sessionStorage.removeItem(key);
    throw error;
  } finally {
    claimed.delete(key);
  }
}

const begin = (account: string, file: File) => post<Upload>(at`accounts/${account}/files`, { name: file.name || "file", size: file.size });

/** The same file, chosen again after this window was loaded anew in the middle: what is there already is not handed over twice. */
async function begunBefore(account: string, file: File, key: string): Promise<Upload | undefined> {
  const id = sessionStorage.getItem(key);
  if (!id) return undefined;
  const known = await get<Upload>(at`accounts/${account}/files/${id}`).catch(() => undefined);
  return known?.size === file.size ? known : undefined;
}

/** Only in this window, and only as far as a browser can tell that a file is the same. */
const keyOf = (account: string, file: File) => `trefoil-upload ${account} ${file.size} ${file.lastModified} ${file.name}`;

async function rest(account: string, { upload: id, there }: Upload, file: File, signal: AbortSignal, progress: (there: number) => void): Promise<string> {
  let offset = there;
  for (;;) {
    if (signal.aborted) {
      takeBackUpload(account, id).catch(() => {});
      throw signal.reason;
    }
    progress(offset);
    if (offset >= file.size) return id;
    offset = await piece(account, id, file, offset);
  }
}

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
