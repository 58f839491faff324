import { defineConfig } from "vitest/config";

// Only what is plain TypeScript is tested here; `npm test` compiles the messages before.
export default defineConfig({ test: { include: ["tests/**/*.test.ts"], env: { TZ: "Europe/Berlin" } } });
