/** GGUF files through the real command line: the test's own, the shipped models in that form, and SmolLM2's. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { expect, test } from "vitest";
import { byteLevelMetadata, llamaMetadata, toGgufTensors } from "../../fakes/gguf-models.js";
import { ggufBytes, type GgufValue } from "../../fakes/gguf-writer.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { writeTinyDirectory } from "../../fakes/tiny-directory.js";
import { describeWithShared, sharedPath } from "../../shared-data.js";
import { jsonLines, start } from "./run-cli.js";

const binary = fileURLToPath(new URL("../../../cli/bin.js", import.meta.url));
const models = fileURLToPath(new URL("../../../models/", import.meta.url));
const directory = await temporaryDirectory();

const run = (...args: readonly string[]) => {
  const cache = join(directory, "cache");
  return start([binary, ...args], "", { GENERATOR_CACHE_DIR: cache, VERIFIER_CACHE_DIR: cache }).ended;
};

/** A checkpoint's weights as a llama.cpp converter writes them. */
async function convert(from: string, path: string, more: Record<string, GgufValue> = {}): Promise<void> {
  const { config, tensors } = await loadCheckpoint(from);
  const weights = [];
  for (const { name, shape } of tensors.tensors.values())
    weights.push({ name, shape, data: await tensors.read(name) });
  const permutedHeads = { q: config.numHeads, k: config.numKvHeads };
  writeFileSync(
    path,
    ggufBytes({
      metadata: { ...llamaMetadata(config), ...more },
      tensors: toGgufTensors(weights, { permutedHeads }),
    }),
  );
}

test("a GGUF file alone is a policy, with the tokenizer that it holds", async () => {
  const tiny = join(directory, "tiny");
  await writeTinyDirectory(tiny, 5, 1);
  const { model } = JSON.parse(readFileSync(join(tiny, "tokenizer.json"), "utf8")) as {
    model: { vocab: Record<string, number> };
  };
  const tokens = Object.entries(model.vocab).sort(([, a], [, b]) => a - b);
  const path = join(directory, "tiny.gguf");
  const names = tokens.map(([text]) => text);
  await convert(tiny, path, byteLevelMetadata(names, "gpt-2"));
  const generate = (policy: string) =>
    run("generate", "--raw", "1 + 1 =", "--policy", policy, "--max-tokens", "8", "--json");
  const [expected, got] = [await generate(tiny), await generate(path)];
  expect([got.status, expected.status]).toEqual([0, 0]);
  const [completion] = jsonLines(got.stdout);
  expect(completion).toEqual(jsonLines(expected.stdout)[0]);
  expect(completion).toMatchObject({ event: "completion", prompt_token_ids: expect.anything() });
});

test("directories whose weights are GGUF files are policy and PRM, and search as before", async () => {
  for (const name of ["policy", "prm"]) {
    const target = join(directory, name);
    mkdirSync(target);
    const files = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"];
    const ofPrm = name === "prm" ? ["prm_config.json", "prm_head.safetensors"] : [];
    for (const file of [...files, ...ofPrm]) copyFileSync(join(models, name, file), join(target, file));
    // A value of its own, as a converter's `general.name` is.
    await convert(join(models, name), join(target, `${name}-f32.gguf`), { "general.name": { text: name } });
  }
  const problem = "Tom has 12 apples. He gives 5 to Sam. How many apples does Tom have now?";
  const solve = (policy: string, prm: string) => {
    const search = ["--strategy", "bon", "--n", "4", "--seed", "7", "--json"];
    return run("solve", problem, "--policy", policy, "--prm", prm, ...search);
  };
  const expected = await solve(join(models, "policy"), join(models, "prm"));
  const got = await solve(join(directory, "policy"), join(directory, "prm"));
  expect([got.status, expected.status]).toEqual([0, 0]);
  const solved = (stdout: string) => {
    const { answer, candidates } = jsonLines(stdout).at(-1) as {
      answer: string;
      candidates: { node_id: number; text: string; step_scores: number[] }[];
    };
    const byPlace = candidates.map(({ node_id, text, step_scores }) => ({ node_id, text, step_scores }));
    return { answer, candidates: byPlace.sort((a, b) => a.node_id - b.node_id) };
  };
  expect(solved(got.stdout)).toEqual(solved(expected.stdout));
});

test("a file that is no model is refused, in a line", async () => {
  const path = join(directory, "broken.gguf");
  writeFileSync(path, Buffer.from("GGUF\u0003\0\0\0"));
  const { status, stderr } = await run("generate", "--raw", "1", "--policy", path);
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/broken\.gguf: its header ends at byte 8, 8 bytes too early; get the file again/);
});

const SMOLLM2 = "models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf";
describeWithShared("SmolLM2's GGUF file", [SMOLLM2], () => {
  test("answers a question", async () => {
    const args = ["--policy", sharedPath(SMOLLM2)!, "--max-tokens", "16", "--json"];
    const { status, stdout } = await run("generate", "What is 2+2?", ...args);
    expect(status).toBe(0);
    expect(jsonLines(stdout)[0]).toMatchObject({ event: "completion", text: expect.stringContaining("4") });
  });
});
