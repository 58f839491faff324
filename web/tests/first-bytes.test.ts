// Which files the safety team's desk shows is decided by their first bytes.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { agrees, found } from "../desk/src/first-bytes";

const bytes = (text: string) => Uint8Array.from(text, (sign) => sign.charCodeAt(0));
const chunk = (name: string, inside: string) => `${String.fromCharCode(0, 0, 0, inside.length)}${name}${inside}\0\0\0\0`;
const PNG = "\x89PNG\r\n\x1a\n";
const ftyp = (brand: string) => `\0\0\0\x18ftyp${brand}\0\0\0\0mif1avif`;

describe("the first bytes", () => {
  it("tell pictures, sound and films that are shown", () => {
    const all: [string, string, string][] = [
      ["\xff\xd8\xff\xe0\0\x10JFIF", "picture", "image/jpeg"],
      [PNG + chunk("IHDR", "0123456789abc"), "picture", "image/png"],
      ["GIF89a\x01\0\x01\0", "picture", "image/gif"],
      ["RIFF\x24\0\0\0WEBPVP8 ", "picture", "image/webp"],
      [ftyp("avif"), "picture", "image/avif"],
      ["OggS\0\x02", "sound", "audio/ogg"],
      ["RIFF\x24\0\0\0WAVEfmt ", "sound", "audio/wav"],
      ["ID3\x04\0", "sound", "audio/mpeg"],
      ["\xff\xfb\x90\x64", "sound", "audio/mpeg"],
      ["\xff\xf1\x50\x80", "sound", "audio/aac"],
      ["fLaC\0\0\0\x22", "sound", "audio/flac"],
      [ftyp("M4A "), "sound", "audio/mp4"],
      [ftyp("isom"), "film", "video/mp4"],
      ["\x1a\x45\xdf\xa3\x9f", "film", "video/webm"],
    ];
    for (const [head, shows, type] of all) expect(found(bytes(head)), type).toMatchObject({ shows, type });
    expect(found(readFileSync(new URL("../../demo/flower.jpg", import.meta.url))).type).toBe("image/jpeg");
  });

  it("tell what is never shown, whatever it is called", () => {
    const svg = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`;
    const all: [string, string][] = [
      [svg, "text/xml or text/html"],
      ["\xef\xbb\xbf  <!doctype html><script>", "text/xml or text/html"],
      ["%PDF-1.7\n", "application/pdf"],
      ["PK\x03\x04\x14\0", "application/zip"],
      ["MZ\x90\0", "application/vnd.microsoft.portable-executable"],
      [ftyp("heic"), "image/heic"],
      [ftyp("abcd"), "unknown"],
      ["II*\0\x08\0\0\0", "image/tiff"],
      ["AVI LIST", "text/plain"],
      ["RIFF\x24\0\0\0AVI LIST", "unknown"],
      ["XXXX\x24\0\0\0WEBPVP8 ", "unknown"],
      ["BM\x36\0\0\0\0\0", "unknown"],
      ["\xff\xff\xff\xff", "unknown"],
      ["", "unknown"],
    ];
    for (const [head, type] of all) expect(found(bytes(head)), JSON.stringify(head)).toMatchObject({ shows: "other", type });
  });

  it("tell whether a picture may move", () => {
    const moves = (head: string) => found(bytes(head)).moves;
    expect(moves("GIF89a\x01\0\x01\0")).toBe(true);
    expect(moves(PNG + chunk("IHDR", "0123456789abc") + chunk("acTL", "12345678") + chunk("IDAT", ""))).toBe(true);
    expect(moves(PNG + chunk("IHDR", "0123456789abc") + chunk("IDAT", "acTL") + chunk("acTL", ""))).toBe(false);
    expect(moves("RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0")).toBe(true);
    expect(moves("RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0")).toBe(false);
    expect(moves(ftyp("avis"))).toBe(true);
    expect(moves(ftyp("avif"))).toBe(false);
  });

  it("agree or do not agree with what a sender says", () => {
    const says = (head: string, claimed: string) => agrees(found(bytes(head)), claimed);
    expect(says("\xff\xd8\xff", "image/JPEG; q=1")).toBe(true);
    expect(says("\xff\xd8\xff", "image/png")).toBe(false);
    expect(says("\x1a\x45\xdf\xa3", "audio/webm;codecs=opus")).toBe(true);
    expect(says("hello", "text/markdown")).toBe(true);
    expect(says("<svg>", "image/svg+xml")).toBe(true);
    expect(says("<svg>", "application/octet-stream")).toBe(true);
    expect(says("<svg>", "image/png")).toBe(false);
    expect(says("hello", "image/gif")).toBe(false);
    expect(says("hello", "")).toBe(false);
  });

  it("are read without falling over whatever they are", () => {
    for (let length = 0; length < 64; length += 1) {
      const noise = Uint8Array.from({ length }, (_, i) => (i * 167 + length * 31) & 0xff);
      expect(typeof found(noise).type).toBe("string");
      expect(found(Uint8Array.from([...bytes(PNG), ...noise.fill(0xff)])).type).toBe("image/png");
    }
  });
});
