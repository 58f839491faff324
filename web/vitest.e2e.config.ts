// Tests of the page in a real browser against three real services. Not part of `npm test`: they need the built program.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/e2e/**/*.e2e.ts"],
    // One file at a time: each has three services and a browser of its own.
    fileParallelism: false,
    testTimeout: 90_000,
    // A browser on a machine that does other things as well may be late once; what fails twice is wrong.
    retry: 1,
    hookTimeout: 90_000,
    teardownTimeout: 30_000,
    reporters: ["verbose"],
  },
});
