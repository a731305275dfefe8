#!/usr/bin/env node
// The compiled command line; `npm ci` builds it (the "prepare" script), `npm run build` builds it again.
import { existsSync } from "node:fs";

const main = new URL("../dist/cli/main.js", import.meta.url);
if (!existsSync(main)) {
  process.stderr.write("deliberate is not built yet: run `npm run build` in its directory.\n");
  process.exit(1);
}
await import(main.href);
