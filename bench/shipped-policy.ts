/**
 * Decoding speed of a checkpoint for 1, 4 and 16 candidates of one prompt, and the share of time that is not spent
 * inside ONNX Runtime. Tokens are fed round robin instead of being sampled, so only the engine is measured.
 */
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createLanguageModel, type ModelSource } from "#shared/lm/runtime/language-model.js";
import type { LanguageModel, Precision } from "#shared/lm/types.js";
import { median } from "./engine/cell.js";
import { watchForeignLoad } from "./engine/foreign-load.js";

export interface EngineBenchOptions {
  readonly precision: Precision;
  readonly threads: number;
  /** Rows of each measurement. */
  readonly candidates: readonly number[];
  readonly promptTokens: number;
  /** Tokens of each row in one measurement. */
  readonly newTokens: number;
  /** Measurements of which the median is reported. */
  readonly repeats: number;
  readonly cacheDir?: string;
}

export const ENGINE_BENCH: EngineBenchOptions = {
  precision: "fp32",
  threads: 2,
  candidates: [1, 4, 16],
  promptTokens: 128,
  newTokens: 64,
  repeats: 7,
};

export interface EngineMeasurement {
  readonly candidates: number;
  /** Medians over the repeats. */
  readonly tokensPerSecond: number;
  readonly stepMs: number;
  /** Time of `step` that was not spent inside `session.run`, as a share of all. */
  readonly outsideRun: number;
}

export interface EngineBench {
  readonly model: string;
  readonly parameters: number;
  readonly precision: Precision;
  readonly threads: number;
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly prefillTokensPerSecond: number;
  readonly measurements: readonly EngineMeasurement[];
  /** Cores' time that other processes took while measuring, as a share of all cores. */
  readonly foreignLoad: number;
}

/** @throws ServiceError when `dir` holds no checkpoint that can be run */
export async function benchEngine(
  dir: string,
  options: Partial<EngineBenchOptions> = {},
): Promise<EngineBench> {
  return benchSource(await loadCheckpoint(dir), { ...ENGINE_BENCH, ...options });
}

export async function benchSource(source: ModelSource, options: EngineBenchOptions): Promise<EngineBench> {
  const { precision, threads, promptTokens, newTokens } = options;
  const model = await createLanguageModel(source, options);
  try {
    const load = watchForeignLoad();
    const prompt = Array.from({ length: promptTokens }, (_, i) => (7 * i + 3) % model.info.vocabularySize);
    const prefillTokensPerSecond = await measurePrefill(model, prompt, options.repeats);
    const measurements: EngineMeasurement[] = [];
    for (const count of options.candidates)
      measurements.push(await measureDecoding(model, prompt, count, options));
    return {
      model: model.info.name,
      parameters: model.info.parameterCount,
      precision,
      threads,
      promptTokens,
      newTokens,
      prefillTokensPerSecond,
      measurements,
      foreignLoad: load(),
    };
  } finally {
    await model.dispose();
  }
}

async function measurePrefill(
  model: LanguageModel,
  prompt: readonly number[],
  repeats: number,
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i <= repeats; i++) {
    const start = performance.now();
    await model.prefill(prompt, { logits: "last" });
    // The first run allocates.
    if (i > 0) times.push(performance.now() - start);
  }
  return (1000 * prompt.length) / median(times);
}

async function measureDecoding(
  model: LanguageModel,
  prompt: readonly number[],
  candidates: number,
  { newTokens, repeats }: EngineBenchOptions,
): Promise<EngineMeasurement> {
  const { prefix } = await model.prefill(prompt, { logits: "none" });
  const times: number[] = [];
  const outside: number[] = [];
  for (let i = 0; i <= repeats; i++) {
    const batch = model.createBatch();
    const rows = Array.from({ length: candidates }, () => batch.admit(prefix, []));
    const start = performance.now();
    const runStart = model.runMs;
    for (let token = 0; token < newTokens; token++) {
      const inputs = rows.map((row) => ({
        row,
        tokenIds: [(token * candidates + row) % model.info.vocabularySize],
        wanted: { logits: "last" } as const,
      }));
      await batch.step(inputs);
    }
    const elapsed = performance.now() - start;
    if (i === 0) continue;
    times.push(elapsed);
    outside.push(1 - (model.runMs - runStart) / elapsed);
  }
  const stepMs = median(times) / newTokens;
  return { candidates, tokensPerSecond: (1000 * candidates) / stepMs, stepMs, outsideRun: median(outside) };
}
