import { defineConfig } from "vitest/config";

// Tests import the compiled product (dist, through package.json "imports"), so that what is tested is what runs,
// worker threads included. `npm test` builds first.
const project = (name: string, timeoutMs: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    setupFiles: ["test/setup.ts"],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
  },
});

export default defineConfig({
  test: {
    // Two workers: the machine that runs CI has two cores, and the models' thread pools share them.
    maxWorkers: 2,
    projects: [
      project("unit", 20_000),
      project("contract", 20_000),
      project("integration", 60_000),
      project("model", 300_000),
      project("containers", 300_000),
    ],
  },
});
