import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The package's own directory, whether this file runs from source or from `dist/`. */
export const packageRoot = findPackageRoot();

function findPackageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let directory = start; directory !== dirname(directory); directory = dirname(directory))
    if (existsSync(join(directory, "proto/deliberate/v1/generator.proto"))) return directory;
  throw new Error(`no proto/deliberate/v1 above ${start}: the installation is incomplete`);
}
