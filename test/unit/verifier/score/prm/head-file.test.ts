import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FEATURE_COUNT } from "#verifier/score/prm/features.js";
import { type PrmFiles, readPrmFiles, writePrmFiles } from "#verifier/score/prm/head-file.js";

const files: PrmFiles = {
  head: {
    mean: new Float32Array(FEATURE_COUNT).fill(-1),
    std: new Float32Array(FEATURE_COUNT).fill(2),
    hiddenWeight: Float32Array.from({ length: 3 * FEATURE_COUNT }, (_, i) => i / 8),
    hiddenBias: Float32Array.of(1, 2, 3),
    outputWeight: Float32Array.of(4, 5, 6),
    outputBias: 0.5,
  },
  selfCheck: { problem: "1+1?", good: ["1+1=2\n", "2"], bad: ["1+1=3\n", "3"] },
  training: "by hand",
};

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "prm-"));
  await writePrmFiles(dir, files);
});
afterEach(() => rm(dir, { recursive: true }));

async function changeConfig(change: (config: Record<string, unknown>) => unknown): Promise<void> {
  const path = join(dir, "prm_config.json");
  await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, "utf8")))));
}

test("reads back what was written", async () => {
  expect(await readPrmFiles(dir)).toEqual(files);
});

test.each<[string, (config: Record<string, unknown>) => unknown, RegExp]>([
  ["no self-check", (config) => ({ ...config, self_check: undefined }), /self_check/],
  [
    "an empty good solution",
    (config) => ({ ...config, self_check: { problem: "p", good: [], bad: ["x"] } }),
    /good/,
  ],
  ["other features", (config) => ({ ...config, features: ["step_length"] }), /got \[step_length\]/],
  ["another format", (config) => ({ ...config, format: "x" }), /deliberate\.prm\.1/],
])("refuses a configuration with %s, naming the file", async (_, change, message) => {
  await changeConfig(change);
  await expect(readPrmFiles(dir)).rejects.toMatchObject({
    code: "failed_precondition",
    message: expect.stringMatching(message),
  });
  await expect(readPrmFiles(dir)).rejects.toThrow(/prm_config\.json/);
});

test("refuses missing files and broken numbers", async () => {
  const broken = { ...files, head: { ...files.head, std: new Float32Array(FEATURE_COUNT) } };
  await expect(writePrmFiles(dir, broken)).rejects.toThrow(/above 0/);
  const infinite = { ...files, head: { ...files.head, outputBias: Number.POSITIVE_INFINITY } };
  await expect(writePrmFiles(dir, infinite)).rejects.toThrow(/finite/);
  await rm(join(dir, "prm_head.safetensors"));
  await expect(readPrmFiles(dir)).rejects.toMatchObject({ code: "failed_precondition" });
  await expect(readPrmFiles(join(dir, "nowhere"))).rejects.toMatchObject({ code: "failed_precondition" });
});
