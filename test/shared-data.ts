/** The reference data beside the project (`../shared`): golden vectors, real checkpoints. Tests that need it skip without it. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { describe, test } from "vitest";

const root = process.env["DELIBERATE_SHARED"] ?? fileURLToPath(new URL("../../shared/", import.meta.url));

/** The path below ../shared, or undefined when it is not there. */
export function sharedPath(...parts: readonly string[]): string | undefined {
  const path = join(root, ...parts);
  return existsSync(path) ? path : undefined;
}

/** A suite that needs paths below ../shared; skipped, with the reason in its title, when one is missing. */
export function describeWithShared(title: string, needs: readonly string[], body: () => void): void {
  const missing = needs.filter((path) => sharedPath(path) === undefined);
  if (missing.length === 0) describe(title, body);
  else {
    // The body may read the data as it is collected, which even a skipped suite is.
    const reason = `skipped: ../shared/${missing.join(", ../shared/")} is not there`;
    describe.skip(title, () => test(reason, () => {}));
  }
}

export interface Golden {
  readonly json: Record<string, unknown>;
  /** The named array of the .f32 file beside the json. */
  array(name: string): { data: Float32Array; shape: readonly number[] };
}

/** Reads fixtures/NAME.json and its .f32 file (see ../shared/fixtures/README.md). */
export function loadGolden(...parts: readonly string[]): Golden {
  const jsonPath = sharedPath("fixtures", ...parts);
  if (jsonPath === undefined) throw new Error(`no fixture ${parts.join("/")}`);
  const json = JSON.parse(readFileSync(jsonPath, "utf8")) as Record<string, unknown>;
  const arrays = (json["arrays"] ?? {}) as Record<string, { offset: number; shape: readonly number[] }>;
  let raw: Buffer | undefined;
  return {
    json,
    array(name) {
      const entry = arrays[name];
      if (entry === undefined) throw new Error(`no array ${name}`);
      raw ??= readFileSync(jsonPath.replace(/\.json$/, ".f32"));
      const length = entry.shape.reduce((product, size) => product * size, 1);
      const copy = raw.subarray(4 * entry.offset, 4 * (entry.offset + length));
      return { data: new Float32Array(new Uint8Array(copy).buffer), shape: entry.shape };
    },
  };
}
