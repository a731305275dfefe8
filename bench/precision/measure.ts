/** Runs the documents through one checkpoint at fp32 and at every other precision, side by side. */
import type { Checkpoint } from "#shared/lm/checkpoint/load.js";
import { createLanguageModel, type ModelSource } from "#shared/lm/runtime/language-model.js";
import type { LanguageModel, Precision } from "#shared/lm/types.js";
import type { Progress } from "../progress.js";
import { compare, type Comparison, toReference } from "./compare.js";
import type { Document } from "./documents.js";

export type Quantised = Exclude<Precision, "fp32">;

export interface MeasuredDocument {
  readonly source: string;
  /** fp32's own loss, summed, nats. */
  readonly referenceNll: number;
  readonly comparisons: Readonly<Partial<Record<Quantised, Comparison>>>;
}

export interface MeasureOptions {
  readonly precisions: readonly Quantised[];
  readonly threads: number;
  /** Must hold nothing that another version of the quantisers wrote. */
  readonly cacheDir: string;
  /** Documents are cut here: two models' logits of all their tokens are in memory at once. */
  readonly maxTokens: number;
}

/** Documents of fewer than two tokens predict nothing and are left out. */
export async function measureDocuments(
  checkpoint: ModelSource & Pick<Checkpoint, "tokenizer">,
  documents: readonly Document[],
  options: MeasureOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<MeasuredDocument[]> {
  const { threads, cacheDir, maxTokens, precisions } = options;
  const models = new Map<Precision, LanguageModel>();
  const measured: MeasuredDocument[] = [];
  try {
    for (const precision of ["fp32", ...precisions] as const)
      models.set(precision, await createLanguageModel(checkpoint, { precision, threads, cacheDir }, signal));
    for (const [index, { source, text }] of documents.entries()) {
      signal.throwIfAborted();
      const ids = checkpoint.tokenizer.encode(text, { addSpecialTokens: true }).slice(0, maxTokens);
      if (ids.length >= 2) measured.push({ source, ...(await measureOne(models, precisions, ids)) });
      progress(index + 1, documents.length);
    }
    return measured;
  } finally {
    for (const model of models.values()) await model.dispose();
  }
}

async function measureOne(
  models: ReadonlyMap<Precision, LanguageModel>,
  precisions: readonly Quantised[],
  ids: readonly number[],
): Promise<Omit<MeasuredDocument, "source">> {
  const logitsOf = async (precision: Precision): Promise<Float32Array> =>
    (await models.get(precision)!.prefill(ids, { logits: "all" })).output.logits;
  const reference = toReference(await logitsOf("fp32"), ids);
  const comparisons: Partial<Record<Quantised, Comparison>> = {};
  for (const precision of precisions)
    comparisons[precision] = compare(reference, await logitsOf(precision), ids);
  return { referenceNll: reference.nll, comparisons };
}
