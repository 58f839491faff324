// What somebody with bad intentions sends. `reads` is what must be readable of a text all the same.
import { readFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";

/** Every script in here sets this on the window that runs it. */
export const RAN = "hostileScriptRan";
const run = `window.${RAN}=1`;
const AWAY = "https://evil.example";

export const texts: { text: string; reads: string }[] = [
  { text: `<script>${run}</script>`, reads: `<script>${run}</script>` },
  { text: `<img src=x onerror="${run}">`, reads: `onerror="${run}"` },
  { text: `<svg onload=${run}><animate onbegin=${run} attributeName=x dur=1s>`, reads: "<svg onload" },
  { text: `<iframe srcdoc="<script>parent.${RAN}=1</script>"></iframe>`, reads: "<iframe" },
  { text: `<meta http-equiv=refresh content="0;url=${AWAY}/">`, reads: "<meta" },
  { text: `<link rel=stylesheet href=${AWAY}/x.css><style>*{display:none!important}</style>`, reads: "<style>*{display:none!important}</style>" },
  { text: `<base href="${AWAY}/"><form action="${AWAY}"><button>tea</button></form>`, reads: "<base href" },
  { text: `[a nice cup](javascript:${run})`, reads: "a nice cup" },
  { text: `[another cup](JaVaScRiPt&#58;${run})`, reads: "another cup" },
  { text: `[data](data:text/html;base64,PHNjcmlwdD5wYXJlbnQuaG9zdGlsZVNjcmlwdFJhbj0xPC9zY3JpcHQ+)`, reads: "data" },
  { text: `[file](file:///etc/passwd) [vb](vbscript:x) [blob](blob:http://127.0.0.1/x)`, reads: "file" },
  { text: `<javascript:${run}>`, reads: "javascript:" },
  { text: `![a picture](${AWAY}/track.png)`, reads: "a picture" },
  { text: `![x](x" onerror="${run})`, reads: "onerror" },
  { text: `{{constructor.constructor('${run}')()}} \${${run}} {@html '<img src=x onerror=${run}>'}`, reads: "{{constructor.constructor" },
  { text: "safe\u202Egnp.exe\u202C and \u2066so\u2069 on\u200F, after it", reads: "after it" },
  { text: "\u202E".repeat(200) + "turned around", reads: "turned around" },
  { text: "Z" + "\u0301\u0316\u0337".repeat(2_000) + " tall", reads: "tall" },
  { text: "a".repeat(15_000) + " end of the long word", reads: "end of the long word" },
  { text: "a\n".repeat(30_000) + "end of the lines", reads: "end of the lines" },
  { text: "http://a ".repeat(6_600) + "end of the links", reads: "end of the links" },
  { text: "> ".repeat(2_000) + "deep", reads: "deep" },
  { text: "*_".repeat(2_000) + "knots" + "_*".repeat(2_000), reads: "knots" },
  { text: "```html\n<script>" + run + "</script>\n```", reads: `<script>${run}</script>` },
  { text: "@everyone @[Amina](mimi://account.test/u/x) \u0000\u0007\u001B[31mred", reads: "everyone" },
];

/** Its words name one place, its address another. */
export const lure = { text: `[https://bank.example/login](${AWAY}/login)`, words: "https://bank.example/login", host: "evil.example" };

export const roomName = `<img src=x onerror=${run}>\u202E`;
export const personName = `Eve <script>${run}</script>`;
/** Names that are not what they look like; no program of ours gives or shows one. */
export const hiddenNames = ["Eve\u202E", "E\u200Bve", "\u3164", "Eve\u2066"];

const jpeg = readFileSync(new URL("../../../../demo/flower.jpg", import.meta.url));
const text = (of: string) => new TextEncoder().encode(of);

export const files: { name: string; bytes: Uint8Array }[] = [
  { name: "page.html", bytes: text(`<!doctype html><script>${run};parent.${RAN}=1;alert(1)</script>`) },
  { name: "drawing.svg", bytes: text(`<svg xmlns="http://www.w3.org/2000/svg" onload="${run}"><script>${run};alert(1)</script><image href="${AWAY}/x.png"/></svg>`) },
  { name: "svg-as.png", bytes: text(`<svg xmlns="http://www.w3.org/2000/svg" onload="${run}"/>`) },
  { name: `"><img src=x onerror=${run}>.txt`, bytes: text("named badly") },
  { name: "../../../etc/passwd", bytes: text("named to climb") },
  { name: "photo\u202Egnp.exe", bytes: text("MZ") },
  { name: "cut.jpg", bytes: jpeg.subarray(0, 20_000) },
  { name: "header-only.png", bytes: png(0xffff_ffff, 0xffff_ffff, new Uint8Array()) },
  { name: "bomb.png", bytes: png(30_000, 30_000, deflateSync(new Uint8Array((30_000 / 8 + 1) * 30_000))) },
  { name: "bomb.gif", bytes: Uint8Array.from([...text("GIF89a"), 255, 255, 255, 255, 0x80, 0, 0]) },
  { name: "bomb.zip", bytes: zip(deflateSync(new Uint8Array(64 * 1024 * 1024))) },
  { name: "html-as.jpg", bytes: Uint8Array.from([...jpeg.subarray(0, 4), ...text(`<script>${run}</script>`)]) },
  { name: "sound.webm", bytes: text(`<script>${run}</script>`) },
];

/** Black and white, of these measures, with whatever is said to be its pixels. */
function png(width: number, height: number, pixels: Uint8Array): Uint8Array {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 1;
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), chunk("IDAT", pixels), chunk("IEND", new Uint8Array())]);
}

function chunk(name: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** Enough of a ZIP archive for whoever looks at its first bytes only. */
function zip(inside: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from("PK\x03\x04\x14\0\0\0\x08\0", "latin1"), Buffer.alloc(20), inside]);
}
