/** `models check` on checkpoints that work and on every kind that does not: what a user reads, and what scripts get. */
import { cp, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { openSafetensors } from "#shared/lm/checkpoint/safetensors.js";
import { writeSafetensors } from "#shared/lm/checkpoint/safetensors-writer.js";
import type { ModelReportEvent } from "#cli/events.js";
import { PUBLISHED, writePublishedPrm } from "../../fakes/prm-directories.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { writeTinyDirectory } from "../../fakes/tiny-directory.js";
import { describeWithShared, sharedPath } from "../../shared-data.js";
import { runInPlace } from "../../unit/cli/run-in-place.js";
import { describeWithModels, shippedPolicy, shippedPrm } from "../shipped-pair.js";

async function check(path: string): Promise<{ status: number; report: ModelReportEvent }> {
  const { status, stdout } = await runInPlace(["models", "check", path, "--json"]);
  return { status, report: JSON.parse(stdout) as ModelReportEvent };
}

const failures = ({ checks }: ModelReportEvent): string[] =>
  checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);

type Json = Record<string, unknown>;

async function change(directory: string, file: string, fields: Json): Promise<void> {
  const json = JSON.parse(await readFile(join(directory, file), "utf8")) as Json;
  await writeFile(join(directory, file), JSON.stringify({ ...json, ...fields }));
}

/** The weights in two files under an index, as large models have them. */
async function shard(directory: string): Promise<void> {
  const single = join(directory, "model.safetensors");
  const source = await openSafetensors(single);
  const names = [...source.tensors.keys()];
  const map: Record<string, string> = {};
  for (const part of [0, 1]) {
    const file = `model-0000${part + 1}-of-00002.safetensors`;
    const own = names.filter((_, i) => i % 2 === part);
    const tensors = own.map(async (name) => ({
      name,
      shape: source.tensors.get(name)!.shape,
      data: await source.read(name),
    }));
    await writeSafetensors(join(directory, file), await Promise.all(tensors), { dtype: "F16" });
    for (const name of own) map[name] = file;
  }
  await writeFile(join(directory, "model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
  await rm(single);
}

describeWithModels("the shipped models", () => {
  test("the policy works, and its report has every field", async () => {
    const { status, report } = await check(shippedPolicy);
    expect([status, report.works, failures(report)]).toEqual([0, true, []]);
    expect(report).toMatchObject({
      event: "report",
      path: shippedPolicy,
      architecture: "llama",
      context: 512,
      chat_template: true,
      eos: [{ id: 0, token: "<|end|>" }],
      step_delimiter: "\n",
      prm: null,
      load: { candidates: 16, prompt_tokens: 256, new_tokens: 256 },
    });
    expect(report.parameters).toBeGreaterThan(500_000);
    expect(report.files.map(({ name }) => name)).toContain("model.safetensors");
    expect(report.precisions.map(({ precision }) => precision)).toEqual(["fp32", "int8", "int4"]);
    for (const each of report.precisions) {
      const { weights_bytes, kv_bytes, activations_bytes, process_bytes, total_bytes } = each;
      expect(total_bytes).toBe(weights_bytes + kv_bytes + activations_bytes + process_bytes);
      expect(each.fits).toBe(total_bytes <= report.machine_memory_bytes);
    }
  });

  test("people get a line for each part, a table and what to run", async () => {
    const { status, stdout } = await runInPlace(["models", "check", shippedPolicy]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^✓ config +llama, .* parameters, 4 layers, context 512$/m);
    expect(stdout).toMatch(/^✓ weights +38 tensors: F16 38/m);
    expect(stdout).toMatch(/^precision +weights +K\/V .* in all$/m);
    for (const precision of ["fp32", "int8", "int4"])
      expect(stdout).toMatch(new RegExp(`^${precision}( +[\\d.]+[kMG]?B){6}  fits$`, "m"));
    expect(stdout).toContain(`It works:\n  npx deliberate solve "..." --policy ${shippedPolicy}`);
    for (const line of stdout.split("\n").slice(0, -3)) expect(line.length).toBeLessThanOrEqual(90);
  });

  test("the PRM is told as one", async () => {
    const { status, report } = await check(shippedPrm);
    expect([status, report.prm]).toEqual([0, "deliberate"]);
    const { stdout } = await runInPlace(["models", "check", shippedPrm]);
    expect(stdout).toContain(`--prm ${shippedPrm}`);
  });

  test("are checked when no path is given", async () => {
    const { status, stdout } = await runInPlace(["models", "check", "--json"]);
    expect(status).toBe(0);
    const { checks } = JSON.parse(stdout) as ModelReportEvent;
    expect(checks.map(({ name }) => name)).toEqual(["models/policy", "models/policy-authors", "models/prm"]);
  });
});

describe("a checkpoint that does not work", () => {
  let root: string;
  let directory: string;
  beforeEach(async () => {
    root = await temporaryDirectory();
    directory = join(root, "tiny");
    await writeTinyDirectory(directory, 1, 2);
  });

  /** What must fail, in this order, and nothing else; and `loadCheckpoint` must agree. */
  async function expectFailures(path: string, patterns: readonly RegExp[]): Promise<void> {
    const { status, report } = await check(path);
    const found = failures(report);
    expect(found).toHaveLength(patterns.length);
    for (const [i, pattern] of patterns.entries()) expect(found[i]).toMatch(pattern);
    expect([status, report.works]).toEqual([1, false]);
    await expect(loadCheckpoint(path)).rejects.toMatchObject({ name: "ServiceError" });
  }

  test("works before it is broken", async () => {
    expect(failures((await check(directory)).report)).toEqual([]);
  });

  test("a path with nothing at it is bad input", async () => {
    const { status, stderr } = await runInPlace(["models", "check", join(root, "nowhere")]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/nowhere: there is nothing here; check the path/);
  });

  test("a plain file, and the weights alone", async () => {
    await writeFile(join(root, "notes.txt"), "hello");
    await expectFailures(join(root, "notes.txt"), [
      /^files: .*must be a directory .*but is another file; give/,
    ]);
    const weights = join(directory, "model.safetensors");
    await expectFailures(weights, [/give the directory that it lies in, .*tiny$/]);
  });

  test("an empty directory: all that is missing, at once", async () => {
    const empty = join(root, "empty");
    await mkdir(empty);
    await expectFailures(empty, [
      /^config: .*must hold config\.json; copy it/,
      /^tokenizer: .*must hold tokenizer\.json; copy it/,
      /^weights: .*must hold model\.safetensors, model\.safetensors\.index\.json or a \.gguf file/,
    ]);
    const { stdout } = await runInPlace(["models", "check", empty]);
    expect(stdout).toMatch(/✗ config/);
    expect(stdout).toContain("empty will not work: 3 problems above.");
  });

  test("links of a download cache to files that are gone", async () => {
    for (const file of ["config.json", "tokenizer.json"]) {
      await rm(join(directory, file));
      await symlink(join(root, "blobs", file), join(directory, file));
    }
    await expectFailures(directory, [
      /^config: .*must hold config\.json/,
      /^tokenizer: .*must hold tokenizer/,
    ]);
  });

  test("files of other formats, with how to convert them", async () => {
    await rename(join(directory, "model.safetensors"), join(directory, "pytorch_model.bin"));
    await rename(join(directory, "tokenizer.json"), join(directory, "tokenizer.model"));
    await expectFailures(directory, [
      /^tokenizer: .*It can be made of tokenizer\.model with .*AutoTokenizer/,
      /^weights: .*Weights such as pytorch_model\.bin become safetensors/,
    ]);
  });

  test("a GGUF file that is none, and several at once", async () => {
    const path = join(root, "model.gguf");
    await writeFile(path, "not at all what its name says");
    await expectFailures(path, [/^weights: model\.gguf: must begin with "GGUF"/]);
    await writeFile(join(root, "other.gguf"), "");
    await expectFailures(root, [/^weights: .*must hold one GGUF file, got model\.gguf, other\.gguf; name/]);
  });

  test("an architecture that is not supported, beside other problems", async () => {
    await change(directory, "config.json", { model_type: "mamba" });
    await rm(join(directory, "tokenizer.json"));
    await expectFailures(directory, [
      /^config: config\.json: model_type must be .* got "mamba"; use another model/,
      /^tokenizer: .*must hold tokenizer\.json/,
    ]);
  });

  test("fields that are not supported or wrong, each by its name", async () => {
    await change(directory, "config.json", {
      rope_interleaved: true,
      quantization_config: { quant_method: "gptq" },
    });
    await expectFailures(directory, [
      /^config: config\.json: rope_interleaved must be false/,
      /^config: config\.json: quantization_config must be null \(convert the weights/,
    ]);
    await change(directory, "config.json", {
      rope_interleaved: null,
      quantization_config: null,
      vocab_size: "many",
      hidden_size: -1,
    });
    await expectFailures(directory, [
      /^config: config\.json: vocab_size must be an integer .* got "many"; get the file again/,
      /^config: config\.json: hidden_size must be .* got -1/,
    ]);
  });

  test("tensors that are missing, too many or of another shape: names, expected and found", async () => {
    await change(directory, "config.json", { intermediate_size: 65 });
    await expectFailures(
      directory,
      [0, 1].flatMap((layer) =>
        ["gate", "up", "down"].map(
          (name) =>
            new RegExp(
              `^weights: .*tensor model\\.layers\\.${layer}\\.mlp\\.${name}_proj\\.weight must be .* of shape \\[\\d+, \\d+\\], .*got F32 of shape \\[\\d+, \\d+\\]; take`,
            ),
        ),
      ),
    );
    await change(directory, "config.json", { intermediate_size: 64, num_hidden_layers: 4 });
    const { report } = await check(directory);
    expect(failures(report)).toHaveLength(11);
    expect(failures(report)[0]).toMatch(/model\.layers\.2\.input_layernorm\.weight .* but is missing/);
    expect(failures(report)[10]).toMatch(/^weights: 8 more tensors/);
    await change(directory, "config.json", { num_hidden_layers: 1 });
    expect(failures((await check(directory)).report)[0]).toMatch(/model\.layers\.1\..* must not be there/);
  });

  test("weights that are cut short, or no safetensors at all", async () => {
    await truncate(join(directory, "model.safetensors"), 5000);
    await expectFailures(directory, [/^weights: model\.safetensors: .*within the file's \d+ bytes/]);
    await writeFile(join(directory, "model.safetensors"), "no weights");
    await expectFailures(directory, [/^weights: model\.safetensors: its header must fit/]);
  });

  test("a tokenizer that is larger than the vocabulary, broken, or another kind", async () => {
    await change(directory, "config.json", { vocab_size: 19 });
    const { report } = await check(directory);
    expect(failures(report)[0]).toMatch(
      /^tokenizer: tokenizer\.json: its ids must be below config\.json's vocab_size \(19\), got 19; take/,
    );
    await change(directory, "config.json", { vocab_size: 20 });
    await writeFile(join(directory, "tokenizer.json"), '{"model": {"type": "Abacus"}}');
    await expectFailures(directory, [/^tokenizer: tokenizer\.json: must be a tokenizer of a supported kind/]);
  });

  test("a chat template that cannot be parsed, or refuses a plain question", async () => {
    await writeFile(join(directory, "chat_template.jinja"), "{% for");
    await expectFailures(directory, [/^chat template: chat template: must be a Jinja template/]);
    await writeFile(join(directory, "chat_template.jinja"), "{{ raise_exception('no users') }}");
    const { status, report } = await check(directory);
    expect(status).toBe(1);
    expect(failures(report)[0]).toMatch(/^chat template: messages must suit .*no users/);
  });

  test("without a chat template it works, with --raw", async () => {
    await rm(join(directory, "tokenizer_config.json"), { force: true });
    const { status, report } = await check(directory);
    expect([status, report.chat_template]).toEqual([0, false]);
    const { stdout } = await runInPlace(["models", "check", directory]);
    expect(stdout).toMatch(/✓ chat template +none: takes plain text/);
    expect(stdout).toContain(`npx deliberate generate "..." --raw --policy ${directory}`);
  });

  test("shards: all there, and each that is missing or broken", async () => {
    await shard(directory);
    const { status, report } = await check(directory);
    expect([status, failures(report)]).toEqual([0, []]);
    expect(report.files.map(({ name }) => name)).toEqual([
      "config.json",
      "generation_config.json",
      "tokenizer.json",
      "tokenizer_config.json",
      "model.safetensors.index.json",
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
    ]);
    await rm(join(directory, "model-00001-of-00002.safetensors"));
    await truncate(join(directory, "model-00002-of-00002.safetensors"), 100);
    await expectFailures(directory, [
      /^weights: .*model-00001-of-00002\.safetensors: cannot be opened/,
      /^weights: model-00002-of-00002\.safetensors: /,
    ]);
  });
});

describe("published reward models", () => {
  test.each(PUBLISHED.map(({ family }) => family))("%s is recognised, and works", async (family) => {
    const { dir } = await writePublishedPrm(await temporaryDirectory(), family);
    const { status, report } = await check(dir);
    expect([status, report.prm, failures(report)]).toEqual([0, family, []]);
    const { stdout } = await runInPlace(["models", "check", dir]);
    expect(stdout).toMatch(new RegExp(`✓ reward model +of the family ${family}, for --prm`));
    expect(stdout).toContain(`npx deliberate solve "..." --prm ${dir}`);
  });

  test("without its head says what is missing", async () => {
    const { dir } = await writePublishedPrm(await temporaryDirectory(), "skywork");
    await rm(join(dir, "model.safetensors"));
    const { status, report } = await check(dir);
    expect([status, report.prm]).toEqual([1, "skywork"]);
    expect(failures(report)).toEqual([
      expect.stringMatching(/^weights: .*must hold model\.safetensors/),
      expect.stringMatching(/^reward model: the family skywork must hold tensor v_head\.summary\.weight/),
      ...failures(report).slice(2),
    ]);
  });
});

describeWithShared("checkpoints of others", ["models/stories260K"], () => {
  test("stories260K works with --raw", async () => {
    const { status, report } = await check(sharedPath("models", "stories260K")!);
    expect([status, failures(report)]).toEqual([0, []]);
    expect(report).toMatchObject({ architecture: "llama", parameters: 260032, chat_template: false });
  });

  test("a copy without its tokenizer does not", async () => {
    const copy = join(await temporaryDirectory(), "stories");
    await cp(sharedPath("models", "stories260K")!, copy, { recursive: true });
    await rm(join(copy, "tokenizer.json"), { force: true });
    const { report } = await check(copy);
    expect(failures(report)).toEqual([expect.stringMatching(/^tokenizer: .*made of vocab\.json/)]);
  });
});

const SMOLLM2 = ["models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf"] as const;

describeWithShared("SmolLM2 in GGUF", [SMOLLM2.join("/")], () => {
  test("works, by itself and as a directory", async () => {
    const file = sharedPath(...SMOLLM2)!;
    for (const path of [file, dirname(file)]) {
      const { status, report } = await check(path);
      expect([status, failures(report)]).toEqual([0, []]);
      expect(report).toMatchObject({
        path,
        architecture: "llama",
        parameters: 134_515_008,
        context: 8192,
        chat_template: true,
        eos: [{ id: 2, token: "<|im_end|>" }],
        step_delimiter: "\n\n",
      });
      const [fp32, int8, int4] = report.precisions.map(({ weights_bytes }) => weights_bytes);
      expect(fp32).toBeGreaterThan(4 * 134_515_008);
      expect(int8).toBeLessThan(fp32! / 2);
      expect(int4).toBeLessThan(int8!);
    }
  });

  test("reads headers only: a second is plenty", async () => {
    const started = performance.now();
    await check(sharedPath(...SMOLLM2)!);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("cut short it does not work", async () => {
    const bytes = await readFile(sharedPath(...SMOLLM2)!);
    const directory = await temporaryDirectory();
    for (const [length, problem] of [
      [1000, /its header ends at byte|claims \d+/],
      [50_000_000, /^weights: cut\.gguf: tensor /],
    ] as const) {
      const path = join(directory, "cut.gguf");
      await writeFile(path, bytes.subarray(0, length));
      const { status, report } = await check(path);
      expect(status).toBe(1);
      expect(failures(report)).toEqual([expect.stringMatching(problem)]);
      // In a directory of its own too, where nothing else is missed.
      expect(failures((await check(directory)).report)).toEqual([expect.stringMatching(problem)]);
    }
  });
});
