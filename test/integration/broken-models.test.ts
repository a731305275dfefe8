/** Models that cannot be used: the service never starts, and says which file, what must hold and what was got. */
import { cp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { toConfig as toGeneratorConfig } from "#generator/config.js";
import { createService as createGenerator } from "#generator/service.js";
import { toConfig as toVerifierConfig } from "#verifier/config.js";
import { createService as createVerifier } from "#verifier/service.js";
import { temporaryDirectory } from "../fakes/temporary-directory.js";
import { rejection } from "./rpc/harness.js";
import { describeWithModels, shippedPolicy, shippedPrm } from "./shipped-pair.js";

type Json = Record<string, unknown>;
type Damage = (directory: string) => Promise<void>;

const without =
  (file: string): Damage =>
  (directory) =>
    rm(join(directory, file));

const holding =
  (file: string, content: string): Damage =>
  (directory) =>
    writeFile(join(directory, file), content);

const changed =
  (file: string, change: (json: Json) => Json): Damage =>
  async (directory) => {
    const json = JSON.parse(await readFile(join(directory, file), "utf8")) as Json;
    await writeFile(join(directory, file), JSON.stringify({ ...json, ...change(json) }));
  };

const configured = (fields: Json): Damage => changed("config.json", () => fields);

/** The first number of a tensor becomes a NaN, in every float that safetensors has. */
const withNaN =
  (name: string): Damage =>
  async (directory) => {
    const path = join(directory, "model.safetensors");
    const bytes = await readFile(path);
    const start = 8 + Number(bytes.readBigUInt64LE());
    const header = JSON.parse(bytes.toString("utf8", 8, start)) as Record<string, { data_offsets: number[] }>;
    bytes.writeUInt32LE(0x7fff7fff, start + header[name]!.data_offsets[0]!);
    await writeFile(path, bytes);
  };

const brokenPolicies: readonly [title: string, damage: Damage, code: string, message: RegExp][] = [
  [
    "that is not there",
    (directory) => rm(directory, { recursive: true }),
    "not_found",
    /must be a directory/,
  ],
  ["without config.json", without("config.json"), "failed_precondition", /must hold config\.json/],
  ["without weights", without("model.safetensors"), "failed_precondition", /must hold model\.safetensors, /],
  ["without a tokenizer", without("tokenizer.json"), "failed_precondition", /must hold tokenizer\.json/],
  [
    "with half a config.json",
    holding("config.json", "{"),
    "failed_precondition",
    /config\.json: must be JSON/,
  ],
  [
    "with half of its weights",
    (directory) => truncate(join(directory, "model.safetensors"), 500_000),
    "failed_precondition",
    /model\.safetensors: .* within the file's \d+ bytes of data, got \[/,
  ],
  [
    "with a NaN in its weights",
    withNaN("model.norm.weight"),
    "failed_precondition",
    /tensor "model\.norm\.weight": its numbers must be finite, got NaN at 0/,
  ],
  [
    "of another shape than its weights",
    configured({ intermediate_size: 1024 }),
    "failed_precondition",
    /of shape \[1024, \d+\], as config\.json has it, got/,
  ],
  [
    "of an unknown architecture",
    configured({ model_type: "mamba" }),
    "failed_precondition",
    /model_type must be one of .*llama.*, got "mamba"/,
  ],
  [
    "with a field out of range",
    configured({ num_hidden_layers: 0 }),
    "invalid_argument",
    /num_hidden_layers must be an integer in \[1, 1024\], got 0/,
  ],
  [
    "with another model's tokenizer",
    configured({ vocab_size: 100 }),
    "failed_precondition",
    /tokenizer\.json: its ids must be below config\.json's vocab_size \(100\), got/,
  ],
];

const brokenPrms: readonly [title: string, damage: Damage, message: RegExp][] = [
  ["that is only a checkpoint", without("prm_config.json"), /must hold prm_config\.json/],
  ["without its head", without("prm_head.safetensors"), /prm_head\.safetensors/],
  [
    "with another model's head",
    (directory) => cp(join(directory, "model.safetensors"), join(directory, "prm_head.safetensors")),
    /prm_head\.safetensors: has no tensor/,
  ],
  [
    "that prefers wrong solutions",
    changed("prm_config.json", ({ self_check: check }) => {
      const { good, bad, ...rest } = check as Json;
      return { self_check: { ...rest, good: bad, bad: good } };
    }),
    /must score the known good solution .* above the known bad one, got/,
  ],
];

describeWithModels("a model that cannot be used", () => {
  let root: string;
  let count = 0;

  beforeAll(async () => {
    root = await temporaryDirectory();
  });

  async function damaged(shipped: string, damage: Damage): Promise<string> {
    const directory = join(root, `model-${count++}`);
    await cp(shipped, directory, { recursive: true });
    await damage(directory);
    return directory;
  }

  const verifierEnv = (): Record<string, string> => ({
    VERIFIER_PORT: "0",
    VERIFIER_LOG_LEVEL: "silent",
    VERIFIER_THREADS: "1",
    VERIFIER_CACHE_DIR: join(root, "cache"),
  });

  test.each(brokenPolicies)("a policy %s", async (_title, damage, code, message) => {
    const config = toGeneratorConfig({
      GENERATOR_POLICY: await damaged(shippedPolicy, damage),
      GENERATOR_PORT: "0",
      GENERATOR_LOG_LEVEL: "silent",
      GENERATOR_THREADS: "1",
      GENERATOR_CACHE_DIR: join(root, "cache"),
    });
    const error = await rejection(createGenerator(config));
    expect(error).toMatchObject({ name: "ServiceError", code, message: expect.stringMatching(message) });
  });

  test.each(brokenPrms)("a PRM %s", async (_title, damage, message) => {
    const directory = await damaged(shippedPrm, damage);
    const error = await rejection(
      createVerifier(toVerifierConfig({ ...verifierEnv(), VERIFIER_PRM: directory })),
    );
    expect(error).toMatchObject({ code: "failed_precondition", message: expect.stringMatching(message) });
  });

  test.each([
    ["that is not there", "/nowhere/swift.safetensors", /\/nowhere\/swift\.safetensors: cannot be opened/],
    ["that is a directory", shippedPrm, /must be a safetensors file, got something else/],
    ["that is no head", join(shippedPrm, "model.safetensors"), /its metadata must hold a valid format/],
  ])("a SWIFT head %s", async (_title, path, message) => {
    const error = await rejection(
      createVerifier(toVerifierConfig({ ...verifierEnv(), VERIFIER_SWIFT: path })),
    );
    expect(error).toMatchObject({ code: "failed_precondition", message: expect.stringMatching(message) });
  });
});
