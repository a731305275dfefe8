import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A directory that is removed when the file's tests are done. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "deliberate-test-"));
  afterAll(() => rm(path, { recursive: true, force: true }));
  return path;
}
