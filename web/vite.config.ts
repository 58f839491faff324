import { paraglideVitePlugin } from "@inlang/paraglide-js";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [
    paraglideVitePlugin({
      project: "./project.inlang",
      outdir: "./src/paraglide",
      strategy: ["globalVariable", "baseLocale"],
      emitReadme: false,
    }),
    svelte(),
  ],
  build: {
    target: ["chrome123", "firefox121", "safari17.5"],
    // One style sheet, known before the first paint; nothing inlined, because the content security policy allows no data: addresses.
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: {
      // Sentences that several chunks use stand together in one, instead of each in a file of its own.
      output: { codeSplitting: { groups: [{ name: "words", test: /src[\\/]paraglide/, minShareCount: 2 }] } },
    },
    chunkSizeWarningLimit: 400,
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: process.env["TREFOIL_APP"] ?? "http://127.0.0.1:4780", ws: true } },
  },
});
