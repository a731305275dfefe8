import { cp, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { FAMILIES, identifyPrm, recognisePrm } from "#verifier/score/prm/adapters/recognise.js";
import { loadPrm, readSelfCheck } from "#verifier/score/prm/load.js";
import { PUBLISHED, writePublishedPrm } from "../../../../../fakes/prm-directories.js";
import { temporaryDirectory } from "../../../../../fakes/temporary-directory.js";
import { writeTinyDirectory } from "../../../../../fakes/tiny-directory.js";

describe("recognisePrm()", () => {
  test("does not throw for odd directories: nothing there, files for directories, JSON that is none", async () => {
    const dir = await temporaryDirectory();
    const odd = join(dir, "odd");
    await mkdir(join(odd, "config.json"), { recursive: true });
    await writeFile(join(odd, "tokenizer.json"), "{");
    await writeFile(join(odd, "model.safetensors"), "no tensors");
    await writeFile(join(odd, "prm_config.json"), "[1]");
    const file = join(dir, "math-shepherd-mistral-7b-prm.gguf");
    await writeFile(file, "GGUF");
    for (const path of [join(dir, "nowhere"), odd, file]) expect(await recognisePrm(path)).toBeUndefined();
  });

  test("a plain language model is none, and is told the families and how to name one", async () => {
    const dir = await temporaryDirectory();
    await writeTinyDirectory(dir, 1, 1);
    expect(await recognisePrm(dir)).toBeUndefined();
    const refused = identifyPrm(dir);
    await expect(refused).rejects.toMatchObject({ code: "failed_precondition" });
    for (const { name } of FAMILIES) await expect(refused).rejects.toThrow(name);
    await expect(refused).rejects.toThrow('{"family": "NAME"}');
  });

  test.each(PUBLISHED.map(({ family }) => family))("%s as it is published lacks nothing", async (family) => {
    const { dir } = await writePublishedPrm(await temporaryDirectory(), family);
    expect(await recognisePrm(dir)).toMatchObject({ family, missing: [] });
  });

  test.each([
    ["math-shepherd", "tokenizer.json", /"▁ки"/],
    ["rlhflow", "tokenizer_config.json", /chat template/],
    ["qwen-math", "tokenizer_config.json", /chat template/],
    ["qwen-math", "model.safetensors", /score\.0\.weight/],
    ["skywork", "model.safetensors", /v_head\.summary\.weight/],
  ])("%s without its %s says what is missing, and is refused with it", async (family, file, missing) => {
    const { dir } = await writePublishedPrm(await temporaryDirectory(), family);
    await rm(join(dir, file));
    const recognised = await recognisePrm(dir);
    expect(recognised?.family).toBe(family);
    expect(recognised?.missing.join()).toMatch(missing);
    await expect(loadPrm(dir)).rejects.toThrow(missing);
  });

  test("a model under another name is what its prm_config.json says, and nothing else", async () => {
    const { dir } = await writePublishedPrm(await temporaryDirectory(), "math-shepherd");
    const renamed = join(dirname(dir), "tuned");
    await rename(dir, renamed);
    expect(await recognisePrm(renamed)).toBeUndefined();
    await writeFile(join(renamed, "prm_config.json"), JSON.stringify({ family: "math-shepherd" }));
    expect(await recognisePrm(renamed)).toMatchObject({ family: "math-shepherd", missing: [] });
    await writeFile(join(renamed, "prm_config.json"), JSON.stringify({ family: "no such" }));
    expect(await recognisePrm(renamed)).toBeUndefined();
    await expect(loadPrm(renamed)).rejects.toThrow(/must be one of deliberate, .*got "no such"/);
  });
});

test("a model in a download cache goes by the cache's name, any other by its own only", async () => {
  const { dir } = await writePublishedPrm(await temporaryDirectory(), "math-shepherd");
  const below = async (parent: string): Promise<string> => {
    const path = join(dirname(dir), parent, "snapshots", "0123abcd");
    await cp(dir, path, { recursive: true });
    return path;
  };
  expect(await recognisePrm(await below("shepherd-experiments"))).toBeUndefined();
  for (const policy of ["peiyi9979--math-shepherd-mistral-7b-rl", "RLHFlow--LLaMA3-iterative-DPO-final"])
    expect(await recognisePrm(await below(`models--${policy}`))).toBeUndefined();
  const cached = await below("models--peiyi9979--math-shepherd-mistral-7b-prm");
  expect(await recognisePrm(cached)).toMatchObject({ family: "math-shepherd" });
});

describe("readSelfCheck()", () => {
  test("takes the directory's own pair before the family's, and refuses half a pair", async () => {
    const { dir } = await writePublishedPrm(await temporaryDirectory(), "math-shepherd");
    expect((await readSelfCheck(dir)).good[0]).toMatch(/^Step 1: /);
    const pair = { problem: "1+1?", good: ["2"], bad: ["3"] };
    await writeFile(join(dir, "prm_config.json"), JSON.stringify({ self_check: pair }));
    expect(await readSelfCheck(dir)).toEqual(pair);
    await writeFile(
      join(dir, "prm_config.json"),
      JSON.stringify({ self_check: { problem: "1+1?", good: [] } }),
    );
    await expect(readSelfCheck(dir)).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(/prm_config\.json: self_check .*good/),
    });
  });
});

test("a head of another size is refused with both shapes", async () => {
  const { dir } = await writePublishedPrm(await temporaryDirectory(), "skywork", {
    change: (weights) => {
      const weight = new Float32Array(64);
      weights.set("v_head.summary.weight", weight);
    },
    shapes: { "v_head.summary.weight": [1, 64] },
  });
  await expect(loadPrm(dir)).rejects.toThrow(
    /v_head\.summary\.weight must be of shape \[1, 48\], got \[1, 64\]/,
  );
});
