// Fails when the page's script, compressed, weighs more than the bar. All chunks count, also those that load late; of the languages the
// heaviest, since nobody loads two.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const BAR = 200 * 1024;
const dist = new URL("../dist/", import.meta.url).pathname;

const rows = readdirSync(dist, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(js|css|html)$/.test(name))
  .map((name) => {
    const bytes = readFileSync(join(dist, name));
    const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
    return { name, plain: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli };
  })
  .sort((a, b) => b.brotli - a.brotli);

if (rows.length === 0) {
  console.error("There is nothing in dist/: run `npm run build` first.");
  process.exit(2);
}

const kib = (/** @type {number} */ n) => `${(n / 1024).toFixed(1).padStart(7)} KiB`;
for (const row of rows) console.log(`${kib(row.plain)} ${kib(row.gzip)} gzip ${kib(row.brotli)} brotli  ${row.name}`);

const languages = rows.filter((row) => /^assets\/(en|de|ar)-[\w-]+\.js$/.test(row.name)).sort((a, b) => b.gzip - a.gzip);
if (languages.length !== 3) {
  console.error("There are three languages, each a file of its own: see src/text/words.ts.");
  process.exit(2);
}
const script = rows.filter((row) => row.name.endsWith(".js") && !languages.slice(1).includes(row));
const gzip = script.reduce((sum, row) => sum + row.gzip, 0);
const brotli = script.reduce((sum, row) => sum + row.brotli, 0);
console.log(`script in all: ${kib(gzip)} gzip, ${kib(brotli)} brotli; the bar is ${kib(BAR)} in gzip`);
if (gzip > BAR) {
  console.error("The page's script is heavier than the bar.");
  process.exit(1);
}
