import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Only what is TypeScript is tested here, runes included; `npm test` compiles the messages before.
export default defineConfig({ plugins: [svelte()], test: { include: ["tests/**/*.test.ts"], env: { TZ: "Europe/Berlin" } } });
