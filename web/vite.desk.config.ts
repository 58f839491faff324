// The page of the safety team's console: an app of its own, served by a service on a port of its own.
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("desk"),
  // What the workspace calls `svelte.config.js` holds here too.
  plugins: [svelte({ configFile: here("svelte.config.js") })],
  build: {
    outDir: here("dist-desk"),
    emptyOutDir: true,
    target: ["chrome123", "firefox121", "safari17.5"],
    // As in vite.config.ts: the content security policy allows nothing inline and no data: addresses.
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: process.env["TREFOIL_CONSOLE"] ?? "http://localhost:7421" } },
  },
});
