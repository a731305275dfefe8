/** `models check PATH`: a checkpoint's headers, as one check for each part and as fields for programs. */
import { choosePrecision } from "#shared/lm/runtime/precision.js";
import { type CheckpointInspection, inspectCheckpoint } from "#shared/lm/checkpoint/inspect.js";
import type { ModelConfig } from "#shared/lm/checkpoint/config.js";
import { countParameters } from "#shared/lm/checkpoint/tensors.js";
import { recognisePrm, type RecognisedPrm } from "#verifier/score/prm/adapters/recognise.js";
import { estimateMemory, type MemoryEstimate, type MemoryLoad } from "#shared/lm/runtime/memory-estimate.js";
import type { Check, ModelReportEvent, PrecisionShape } from "../events.js";
import { PRECISIONS } from "../parse/words.js";
import { compactNumber } from "../render/format.js";
import { endsOf, PART_DESCRIPTIONS } from "./checkpoint-parts.js";

/** What most searches run; a model of a short context fills it. */
const LOAD: MemoryLoad = { candidates: 16, promptTokens: 512, newTokens: 512 };

/** @throws ServiceError `not_found` when nothing is at `path` */
export async function reportModel(path: string, memoryBytes: number): Promise<ModelReportEvent> {
  const prm = await recognisePrm(path);
  const found = await inspectCheckpoint(path, prm?.loadOptions);
  const { config, tokenizer, generation } = found;
  const load = loadFor(config);
  const precisions = config === undefined ? [] : estimatePrecisions(config, load, memoryBytes);
  const checks = toChecks(found, precisions, { prm, load, memoryBytes });
  return {
    event: "report",
    works: checks.every(({ ok }) => ok),
    checks,
    path: found.path,
    architecture: config?.modelType ?? null,
    parameters: config === undefined ? null : countParameters(config),
    context: config?.contextLength ?? null,
    files: found.files.map(({ name, byteLength }) => ({ name, bytes: byteLength })),
    tokenizer:
      tokenizer === undefined ? null : { vocabulary: tokenizer.vocabularySize, hash: tokenizer.hash },
    chat_template: found.chatTemplate !== undefined,
    eos: endsOf(found),
    step_delimiter: generation?.stepDelimiter ?? null,
    prm: prm?.family ?? null,
    load: { candidates: load.candidates, prompt_tokens: load.promptTokens, new_tokens: load.newTokens },
    machine_memory_bytes: memoryBytes,
    default_precision: config === undefined ? null : choosePrecision("auto", config),
    precisions,
  };
}

function loadFor(config: ModelConfig | undefined): MemoryLoad {
  const half = Math.max(1, Math.floor((config?.contextLength ?? Infinity) / 2));
  const { candidates, promptTokens, newTokens } = LOAD;
  return { candidates, promptTokens: Math.min(promptTokens, half), newTokens: Math.min(newTokens, half) };
}

function estimatePrecisions(config: ModelConfig, load: MemoryLoad, memoryBytes: number): PrecisionShape[] {
  return PRECISIONS.map((precision) => toShape(estimateMemory(config, precision, load), memoryBytes));
}

const toShape = (estimate: MemoryEstimate, memoryBytes: number): PrecisionShape => ({
  precision: estimate.precision,
  weights_bytes: estimate.weightBytes,
  kv_bytes_per_token: estimate.kvBytesPerToken,
  kv_bytes: estimate.kvBytes,
  activations_bytes: estimate.activationBytes,
  process_bytes: estimate.processBytes,
  total_bytes: estimate.totalBytes,
  fits: estimate.totalBytes <= memoryBytes,
});

interface Judgement {
  readonly prm: RecognisedPrm | undefined;
  readonly load: MemoryLoad;
  readonly memoryBytes: number;
}

/** All problems of every part; what was found of the parts that have none. */
function toChecks(
  found: CheckpointInspection,
  precisions: readonly PrecisionShape[],
  judgement: Judgement,
): Check[] {
  const { prm } = judgement;
  const checks: Check[] = [];
  for (const [part, describe] of PART_DESCRIPTIONS) {
    const problems = found.problems.filter((problem) => problem.part === part).map(({ message }) => message);
    for (const detail of problems) checks.push({ name: part, ok: false, detail });
    const detail = problems.length === 0 ? describe(found) : undefined;
    if (detail !== undefined) checks.push({ name: part, ok: true, detail });
  }
  if (precisions.length > 0) checks.push(memoryCheck(precisions, judgement));
  return prm === undefined ? checks : [...checks, ...rewardChecks(prm)];
}

function rewardChecks({ family, missing }: RecognisedPrm): Check[] {
  const name = "reward model";
  if (missing.length === 0) return [{ name, ok: true, detail: `of the family ${family}, for --prm` }];
  const remedy = "copy what is missing from where the model came from";
  return missing.map((must) => ({ name, ok: false, detail: `the family ${family} ${must}; ${remedy}` }));
}

function memoryCheck(precisions: readonly PrecisionShape[], { load, memoryBytes }: Judgement): Check {
  const fitting = precisions.filter(({ fits }) => fits).map(({ precision }) => precision);
  const least = Math.min(...precisions.map(({ total_bytes }) => total_bytes));
  const machine = `this machine has ${compactNumber(memoryBytes)}B`;
  const what = `${load.candidates} candidates of ${load.newTokens} tokens after a prompt of ${load.promptTokens}`;
  const ok = fitting.length > 0;
  const detail = ok
    ? `${fitting.join(", ")} ${fitting.length === 1 ? "fits" : "fit"}: ${machine}, for ${what}`
    : `must fit for ${what}, which takes at least ${compactNumber(least)}B, and ${machine}; use a smaller model or a larger machine`;
  return { name: "memory", ok, detail };
}
