/**
 * A PRM's own two files, beside the checkpoint of its reader: `prm_head.safetensors` (the head's numbers) and
 * `prm_config.json` (which features, and the solutions that the self-check scores).
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ServiceError } from "#shared/errors.js";
import { openSafetensors, type TensorSource } from "#shared/lm/checkpoint/safetensors.js";
import { writeSafetensors } from "#shared/lm/checkpoint/safetensors-writer.js";
import { FEATURE_COUNT, FEATURE_NAMES } from "./features.js";
import type { PrmHead } from "./head.js";

const FORMAT = "deliberate.prm.1";
const HEAD_FILE = "prm_head.safetensors";
const CONFIG_FILE = "prm_config.json";

const steps = z.array(z.string().min(1)).min(1);
export const selfCheckSchema = z.object({ problem: z.string().min(1), good: steps, bad: steps });
const configSchema = z.object({
  format: z.literal(FORMAT),
  /** Must be FEATURE_NAMES: a head fitted to other features would read noise. */
  features: z.array(z.string()),
  self_check: selfCheckSchema,
  /** Data, size and result of the training, in words. */
  training: z.string(),
});

/** A problem with a right and a wrong solution, step by step as the policy writes them, delimiters included. */
export interface SelfCheck {
  readonly problem: string;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}

export interface PrmFiles {
  readonly head: PrmHead;
  readonly selfCheck: SelfCheck;
  readonly training: string;
}

/** @throws ServiceError `failed_precondition` naming the file and what is wrong with it. */
export async function readPrmFiles(dir: string): Promise<PrmFiles> {
  const config = await readConfig(join(dir, CONFIG_FILE));
  const path = join(dir, HEAD_FILE);
  const source = await openSafetensors(path);
  const hiddenBias = await source.read("prm.hidden.bias");
  const hidden = hiddenBias.length;
  const outputBias = await readVector(path, source, "prm.output.bias", 1);
  const head: PrmHead = {
    mean: await readVector(path, source, "prm.feature.mean", FEATURE_COUNT),
    std: await readVector(path, source, "prm.feature.std", FEATURE_COUNT),
    hiddenWeight: await readVector(path, source, "prm.hidden.weight", hidden * FEATURE_COUNT),
    hiddenBias,
    outputWeight: await readVector(path, source, "prm.output.weight", hidden),
    outputBias: outputBias[0]!,
  };
  assertPrmHead(path, head);
  return { head, selfCheck: config.self_check, training: config.training };
}

/** Writes both files. @throws ServiceError `failed_precondition` for a head that could not be read back. */
export async function writePrmFiles(dir: string, { head, selfCheck, training }: PrmFiles): Promise<void> {
  const path = join(dir, HEAD_FILE);
  assertPrmHead(path, head);
  const hidden = head.hiddenBias.length;
  await writeSafetensors(
    path,
    [
      { name: "prm.feature.mean", shape: [FEATURE_COUNT], data: head.mean },
      { name: "prm.feature.std", shape: [FEATURE_COUNT], data: head.std },
      { name: "prm.hidden.weight", shape: [hidden, FEATURE_COUNT], data: head.hiddenWeight },
      { name: "prm.hidden.bias", shape: [hidden], data: head.hiddenBias },
      { name: "prm.output.weight", shape: [hidden], data: head.outputWeight },
      { name: "prm.output.bias", shape: [1], data: Float32Array.of(head.outputBias) },
    ],
    { dtype: "F32" },
  );
  const config = { format: FORMAT, features: FEATURE_NAMES, self_check: selfCheck, training };
  await writeFile(join(dir, CONFIG_FILE), `${JSON.stringify(config, undefined, 2)}\n`);
}

async function readConfig(path: string): Promise<z.infer<typeof configSchema>> {
  const json: unknown = await readFile(path, "utf8")
    .then((text): unknown => JSON.parse(text))
    .catch((cause: unknown) => {
      throw refused(path, "must be readable JSON; a PRM is a checkpoint with this file beside it", { cause });
    });
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) throw refused(path, z.prettifyError(parsed.error).replaceAll("\n", " "));
  const { features } = parsed.data;
  if (features.join() !== FEATURE_NAMES.join())
    throw refused(
      path,
      `features must be [${FEATURE_NAMES.join(", ")}], got [${features.join(", ")}]; train the head again`,
    );
  return parsed.data;
}

async function readVector(
  path: string,
  source: TensorSource,
  name: string,
  length: number,
): Promise<Float32Array> {
  const values = await source.read(name);
  if (values.length !== length)
    throw refused(path, `${name} must hold ${length} numbers, got ${values.length}`);
  return values;
}

function assertPrmHead(path: string, head: PrmHead): void {
  const { outputBias, ...vectors } = head;
  const numbers = Object.values(vectors).flatMap((values) => [...values]);
  if (![outputBias, ...numbers].every(Number.isFinite))
    throw refused(path, "every number must be finite; train the head again");
  if (!head.std.every((value) => value > 0)) throw refused(path, "prm.feature.std must be above 0");
}

function refused(path: string, problem: string, options?: ErrorOptions): ServiceError {
  return new ServiceError("failed_precondition", `${path}: ${problem}`, { reason: "INVALID_PRM" }, options);
}
