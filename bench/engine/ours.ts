/** Our model as a contestant: rows of one batch that share the prompt's keys and values. */
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import type { KvSegment, LanguageModel, Precision, RowBatch, RowOutput } from "#shared/lm/types.js";
import type { Contestant, Rows } from "./contestant.js";

export interface OursSetup {
  readonly checkpoint: string;
  readonly precision: Precision;
  readonly threads: number;
  readonly cacheDir: string;
}

/** The graph finds the likeliest tokens itself, as it does for the generator's sampler. */
const LIKELIEST = { logits: "none", summary: { temperature: 1 } } as const;
const likeliest = ({ summaries }: RowOutput): number => summaries[0]!.topIds[0]!;

export async function createOurs({ checkpoint, ...options }: OursSetup): Promise<Contestant> {
  const model = await createLanguageModel(await loadCheckpoint(checkpoint), options);
  return oursOf(model);
}

export const oursOf = (model: LanguageModel): Contestant => ({
  settings: "",
  versions: {},
  prepare: async () => {},
  prefill: async (prompt) => likeliest((await model.prefill(prompt, LIKELIEST)).output),
  async open(prompt, rows) {
    const { prefix } = await model.prefill(prompt, LIKELIEST);
    return new OurRows(model.createBatch(), prefix, rows);
  },
  dispose: () => model.dispose(),
});

class OurRows implements Rows {
  readonly #batch: RowBatch;
  readonly #prefix: KvSegment;
  /** Of each row: its id in the batch, and what it had written when it was admitted. */
  #rows: readonly { readonly id: number; readonly path: readonly KvSegment[] }[];
  #written = 0;

  constructor(batch: RowBatch, prefix: KvSegment, count: number) {
    this.#batch = batch;
    this.#prefix = prefix;
    this.#rows = Array.from({ length: count }, () => ({ id: batch.admit(prefix, []), path: [] }));
  }

  async step(tokenIds: readonly number[]): Promise<readonly number[]> {
    const inputs = this.#rows.map(({ id }, i) => ({ row: id, tokenIds: [tokenIds[i]!], wanted: LIKELIEST }));
    const outputs = await this.#batch.step(inputs);
    this.#written++;
    return outputs.map(likeliest);
  }

  fork(parents: readonly number[]): Promise<void> {
    const paths = new Map<number, readonly KvSegment[]>();
    for (const parent of new Set(parents)) {
      const { id, path } = this.#rows[parent]!;
      paths.set(parent, [...path, this.#batch.take(id, this.#written)]);
    }
    for (const { id } of this.#rows) this.#batch.release(id);
    this.#rows = parents.map((parent) => {
      const path = paths.get(parent)!;
      return { id: this.#batch.admit(this.#prefix, path), path };
    });
    this.#written = 0;
    return Promise.resolve();
  }

  close(): Promise<void> {
    for (const { id } of this.#rows) this.#batch.release(id);
    this.#rows = [];
    return Promise.resolve();
  }
}
