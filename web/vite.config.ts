import { paraglideVitePlugin } from "@inlang/paraglide-js";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [
    paraglideVitePlugin({
      project: "./project.inlang",
      outdir: "./src/paraglide",
      strategy: ["globalVariable", "baseLocale"],
      emitReadme: false,
      outputStructure: "locale-modules",
    }),
    svelte(),
  ],
  // Only the language that is spoken is loaded.
  resolve: { alias: [{ find: /^.*\/paraglide\/messages\.js$/, replacement: fileURLToPath(new URL("./src/text/words.ts", import.meta.url)) }] },
  build: {
    target: ["chrome123", "firefox121", "safari17.5"],
    // One style sheet, known before the first paint; nothing inlined, because the content security policy allows no data: addresses.
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 400,
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: process.env["TREFOIL_APP"] ?? "http://127.0.0.1:4780", ws: true } },
  },
});
