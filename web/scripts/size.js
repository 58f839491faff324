// Fails when the page's script, compressed, weighs more than the bar. All chunks count, also those that load late; of the languages the
// heaviest, since nobody loads two. The page of the safety team's console has a bar of its own.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const BAR = 200 * 1024;
const DESK_BAR = 60 * 1024;

/** Each file of a folder with its weights; they are printed. */
function weigh(/** @type {string} */ folder) {
  const dist = new URL(`../${folder}/`, import.meta.url).pathname;
  const rows = (existsSync(dist) ? readdirSync(dist, { recursive: true, encoding: "utf8" }) : [])
    .filter((name) => /\.(js|css|html)$/.test(name))
    .map((name) => {
      const bytes = readFileSync(join(dist, name));
      const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
      return { name, plain: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli };
    })
    .sort((a, b) => b.brotli - a.brotli);
  if (rows.length === 0) {
    console.error(`There is nothing in ${folder}/: run \`npm run build\` first.`);
    process.exit(2);
  }
  for (const row of rows) console.log(`${kib(row.plain)} ${kib(row.gzip)} gzip ${kib(row.brotli)} brotli  ${row.name}`);
  return rows;
}

const kib = (/** @type {number} */ n) => `${(n / 1024).toFixed(1).padStart(7)} KiB`;

const desk = weigh("dist-desk").filter((row) => row.name.endsWith(".js")).reduce((sum, row) => sum + row.gzip, 0);
console.log(`script of the console: ${kib(desk)} gzip; the bar is ${kib(DESK_BAR)}\n`);
if (desk > DESK_BAR) {
  console.error("The script of the console's page is heavier than the bar.");
  process.exit(1);
}

const rows = weigh("dist");
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
