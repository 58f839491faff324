// What a file is, by its first bytes. What a sender says about it counts for nothing here.
//
// Signatures: the MIME Sniffing Standard of the WHATWG, section 6; RFC 9649 (WebP); ISO/IEC 14496-12 (`ftyp`); AV1 Image File Format.

/** What the desk does with it: whatever is `other` is offered for saving and never shown. */
export type Shows = "picture" | "sound" | "film" | "other";

export interface Found {
  shows: Shows;
  /** As what it is drawn or played; for the rest, as what it is known. */
  type: string;
  /** The ending of a saved file; that of the sender's name is not taken. */
  ending: string;
  /** Whether a picture may move. */
  moves: boolean;
}

/** How many of the first bytes are looked at to say what a file is: the service tells as many before a file is fetched. */
const ENOUGH = 64;
/** Chunks of a PNG before its pixels that are looked at for the one that says it moves. */
const CHUNKS = 256;

type Mark = [at: number, bytes: string, shows: Shows, type: string, ending: string];

/** The first that fits counts. */
const MARKS: Mark[] = [
  [0, "\xff\xd8\xff", "picture", "image/jpeg", "jpg"],
  [0, "\x89PNG\r\n\x1a\n", "picture", "image/png", "png"],
  [0, "GIF87a", "picture", "image/gif", "gif"],
  [0, "GIF89a", "picture", "image/gif", "gif"],
  [8, "WEBPVP8", "picture", "image/webp", "webp"],
  [8, "WAVEfmt ", "sound", "audio/wav", "wav"],
  [0, "OggS\0", "sound", "audio/ogg", "ogg"],
  [0, "fLaC", "sound", "audio/flac", "flac"],
  [0, "ID3", "sound", "audio/mpeg", "mp3"],
  [0, "\x1a\x45\xdf\xa3", "film", "video/webm", "webm"],
  [0, "%PDF-", "other", "application/pdf", "pdf"],
  [0, "PK\x03\x04", "other", "application/zip", "zip"],
  [0, "MZ", "other", "application/vnd.microsoft.portable-executable", "bin"],
  [0, "\x7fELF", "other", "application/x-elf", "bin"],
  [0, "II*\0", "other", "image/tiff", "tiff"],
  [0, "MM\0*", "other", "image/tiff", "tiff"],
];

/** The brand that a file of boxes gives itself. */
const BRANDS: [string, Shows, string, string][] = [
  ["avif", "picture", "image/avif", "avif"],
  ["avis", "picture", "image/avif", "avif"],
  ["M4A ", "sound", "audio/mp4", "m4a"],
  ["M4B ", "sound", "audio/mp4", "m4a"],
  ["isom", "film", "video/mp4", "mp4"],
  ["iso2", "film", "video/mp4", "mp4"],
  ["iso4", "film", "video/mp4", "mp4"],
  ["iso5", "film", "video/mp4", "mp4"],
  ["iso6", "film", "video/mp4", "mp4"],
  ["mp41", "film", "video/mp4", "mp4"],
  ["mp42", "film", "video/mp4", "mp4"],
  ["avc1", "film", "video/mp4", "mp4"],
  ["M4V ", "film", "video/mp4", "mp4"],
  ["qt  ", "other", "video/quicktime", "mov"],
  ["heic", "other", "image/heic", "heic"],
  ["heix", "other", "image/heic", "heic"],
  ["mif1", "other", "image/heif", "heif"],
];

/** What a file is. By its beginning alone, whether a picture moves may stay unseen. */
export function found(bytes: Uint8Array): Found {
  const head = latin(bytes, 0, ENOUGH);
  const mark = MARKS.find(([at, signature]) => head.startsWith(signature, at) && (at !== 8 || head.startsWith("RIFF")));
  if (mark) {
    const [, , shows, type, ending] = mark;
    return { shows, type, ending, moves: moves(type, bytes) };
  }
  const brand = head.startsWith("ftyp", 4) ? BRANDS.find(([name]) => head.startsWith(name, 8)) : undefined;
  if (brand) {
    const [name, shows, type, ending] = brand;
    return { shows, type, ending, moves: name === "avis" };
  }
  // MPEG audio and AAC without a container: eleven or twelve bits, and nothing reserved behind them.
  const [first = 0, second = 0, third = 0] = bytes;
  if (first === 0xff && (second & 0xf6) === 0xf0) return { shows: "sound", type: "audio/aac", ending: "aac", moves: false };
  if (first === 0xff && (second & 0xe6) === 0xe2 && (second & 0x18) !== 0x08 && (third & 0xf0) !== 0xf0 && (third & 0x0c) !== 0x0c)
    return { shows: "sound", type: "audio/mpeg", ending: "mp3", moves: false };
  if (isText(head, bytes)) return { shows: "other", type: /^(\xef\xbb\xbf)?\s*</.test(head) ? "text/xml or text/html" : "text/plain", ending: "txt", moves: false };
  return { shows: "other", type: "unknown", ending: "bin", moves: false };
}

/** Other names of the same, with what cannot be told from it by first bytes. */
const ALSO: Record<string, string[]> = {
  "image/jpeg": ["image/jpg"],
  "image/png": ["image/apng"],
  "audio/mpeg": ["audio/mp3"],
  "audio/wav": ["audio/x-wav", "audio/wave"],
  "audio/flac": ["audio/x-flac"],
  "audio/ogg": ["audio/opus", "application/ogg", "video/ogg"],
  "audio/mp4": ["audio/x-m4a", "video/mp4"],
  "video/mp4": ["audio/mp4", "video/x-m4v"],
  "text/xml or text/html": ["text/html", "text/xml", "application/xml", "application/xhtml+xml", "image/svg+xml"],
  "video/webm": ["audio/webm", "video/x-matroska", "audio/x-matroska"],
};

/** Whether it is what somebody says that it is, if they say anything. */
export function agrees({ type }: Found, claimed: string): boolean {
  const plain = (claimed.split(";")[0] ?? "").trim().toLowerCase();
  if (plain === "application/octet-stream") return true;
  // A text says of itself only that it is one.
  return plain === type || (ALSO[type]?.includes(plain) ?? false) || (type === "text/plain" && plain.startsWith("text/"));
}

/** Bytes of hexadecimal digits. */
export const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (digits) => parseInt(digits, 16));

function moves(type: string, bytes: Uint8Array): boolean {
  // Whether a GIF has a second picture stands at its end: each is taken for one that moves.
  if (type === "image/gif") return true;
  if (type === "image/webp") return latin(bytes, 12, 4) === "VP8X" && ((bytes[20] ?? 0) & 0x02) !== 0;
  return type === "image/png" && isAnimatedPng(bytes);
}

/** `acTL` comes before the pixels (PNG, third edition, 11.3.6.1). */
function isAnimatedPng(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8, nth = 0; at + 8 <= bytes.length && nth < CHUNKS; nth += 1) {
    const name = latin(bytes, at + 4, 4);
    if (name === "acTL") return true;
    if (name === "IDAT") return false;
    at += 12 + view.getUint32(at);
  }
  return false;
}

function isText(head: string, bytes: Uint8Array): boolean {
  if (head === "" || /[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(head)) return false;
  try {
    // A sign may be cut in two at the end.
    new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, head.length), { stream: true });
    return true;
  } catch {
    return false;
  }
}

function latin(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
