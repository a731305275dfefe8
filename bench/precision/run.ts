/**
 * `npm run bench -- precision`: what int8 and int4 cost against fp32 on a real checkpoint, teacher-forced over named
 * texts. Writes bench/results/precision.json and precision.md.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { invalidField } from "#shared/errors.js";
import { type Checkpoint, loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { countParameters } from "#shared/lm/checkpoint/tensors.js";
import { buildDecoder } from "#shared/lm/graph/decoder.js";
import { packageRoot } from "#shared/rpc/package-root.js";
import { RESULTS_DIR } from "#train/paths.js";
import { createProgress } from "../progress.js";
import { type Document, sampleDocuments, TEXT_SOURCES } from "./documents.js";
import { type MeasuredDocument, measureDocuments, type Quantised } from "./measure.js";
import { type PrecisionReport, toMarkdown } from "./report.js";
import { summarise, type TextSummary } from "./summary.js";

export interface PrecisionOptions {
  /** A checkpoint that loadCheckpoint opens. */
  readonly policy?: string;
  /** Documents. */
  readonly limit?: number;
  readonly precisions?: readonly Quantised[];
  readonly threads: number;
  readonly seed: number;
}

const MODEL = "../shared/models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf";
const DOCUMENTS = 240;
const QUANTISED: readonly Quantised[] = ["int8", "int4"];
/** Longer than nearly all of the documents; the logits of so many tokens take 100 MB at SmolLM2's vocabulary. */
const MAX_TOKENS = 512;

export async function runPrecision(options: PrecisionOptions, signal: AbortSignal): Promise<PrecisionReport> {
  const { policy = join(packageRoot, MODEL), limit = DOCUMENTS, seed } = options;
  const precisions = options.precisions ?? QUANTISED;
  assertOptions(limit, precisions);
  const documents = await sampleDocuments(TEXT_SOURCES, limit, seed);
  const checkpoint = await loadCheckpoint(resolve(policy), signal);
  const started = performance.now();
  const measured = await measureAfresh(checkpoint, documents, { ...options, precisions }, signal);
  const { config, name, hash, tensors } = checkpoint;
  const report: PrecisionReport = {
    command: commandOf({ ...options, limit }, name),
    model: name,
    modelHash: hash,
    parameters: countParameters(config),
    storedAs: countBy([...tensors.tensors.values()].map(({ dtype }) => dtype)),
    weightBytes: Object.fromEntries(
      (["fp32", ...precisions] as const).map((precision) => {
        const decoder = buildDecoder(config, { precision, weightsFile: "weights.bin", blockwise: false });
        return [precision, decoder.weightBytes];
      }),
    ),
    seed,
    maxTokensPerDocument: MAX_TOKENS,
    machine: `${cpus()[0]?.model.trim() ?? "unknown"}, ${options.threads} threads, Node ${process.version}`,
    seconds: Math.round((performance.now() - started) / 1000),
    texts: summariseTexts(measured, seed),
  };
  await mkdir(RESULTS_DIR, { recursive: true });
  await writeFile(join(RESULTS_DIR, "precision.json"), `${JSON.stringify(report, undefined, 1)}\n`);
  await writeFile(join(RESULTS_DIR, "precision.md"), toMarkdown(report));
  return report;
}

function assertOptions(limit: number, precisions: readonly Quantised[]): void {
  if (!Number.isInteger(limit) || limit < 1)
    throw invalidField("--limit", `must be an integer >= 1, got ${limit}`);
  const unknown = precisions.find((each) => !QUANTISED.includes(each));
  if (unknown !== undefined)
    throw invalidField("--precision", `must name ${QUANTISED.join(" or ")}, got ${unknown}`);
}

/** What repeats the measurement; another checkpoint by its name. */
function commandOf(options: PrecisionOptions, model: string): string {
  const { policy, limit, seed, precisions } = options;
  return [
    "npm run bench -- precision",
    ...(policy === undefined ? [] : [`--policy ${model}`]),
    ...(precisions === undefined ? [] : [`--precision ${precisions.join(",")}`]),
    `--limit ${limit} --seed ${seed}`,
  ].join(" ");
}

/** In a cache of its own, so that weights are always those that this code's quantisers make. */
async function measureAfresh(
  checkpoint: Checkpoint,
  documents: readonly Document[],
  { threads, precisions }: { readonly threads: number; readonly precisions: readonly Quantised[] },
  signal: AbortSignal,
): Promise<MeasuredDocument[]> {
  const cacheDir = await mkdtemp(join(tmpdir(), "deliberate-precision-"));
  try {
    const options = { precisions, threads, cacheDir, maxTokens: MAX_TOKENS };
    return await measureDocuments(checkpoint, documents, options, createProgress("precision"), signal);
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
}

function summariseTexts(measured: readonly MeasuredDocument[], seed: number): TextSummary[] {
  const parts = TEXT_SOURCES.map(({ name }) => ({
    name,
    documents: measured.filter(({ source }) => source === name),
  }));
  return [{ name: "all", documents: measured }, ...parts]
    .filter(({ documents }) => documents.length > 0)
    .map(({ name, documents }) => summarise(name, documents, seed));
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
