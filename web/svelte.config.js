/** @type {import("@sveltejs/vite-plugin-svelte").SvelteConfig} */
export default {
  compilerOptions: {
    runes: true,
    // Elements are made one by one instead of from a string, so that no Trusted Types policy is needed at all.
    fragments: "tree",
  },
  vitePlugin: {
    // What comes from packages (virtua) may be written in either way.
    dynamicCompileOptions({ filename }) {
      if (filename.includes("node_modules")) return { runes: undefined };
    },
  },
};
