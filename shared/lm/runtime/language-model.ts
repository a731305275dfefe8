/** A checkpoint as a running model. Runs block the thread they are called from, so it belongs in a Worker. */
import { homedir } from "node:os";
import { join } from "node:path";
import type { ModelConfig } from "../checkpoint/config.js";
import { countParameters, expectedTensors } from "../checkpoint/tensors.js";
import type { LanguageModel, LanguageModelInfo, Precision, RowBatch, RowOutput, Wanted } from "../types.js";
import type { KvSegment } from "../types.js";
import { assertFits, assertTokenIds, assertWanted } from "./checks.js";
import { runInChunks } from "./chunks.js";
import { emptyPrefix, KvBlock, kvBytesPerToken, type KvShape, roundUpToBucket } from "./kv-block.js";
import { type DecoderSource, prepareModelFiles } from "./model-files.js";
import { PrefixSet } from "./prefix-set.js";
import { GridRowBatch } from "./row-batch.js";
import { Session } from "./session.js";
import { StepRunner } from "./step-runner.js";
import { SuffixGrid } from "./suffix-grid.js";

export interface LanguageModelOptions {
  readonly precision: Precision;
  /** Threads of ONNX Runtime. */
  readonly threads: number;
  /** Where the files that are made from a checkpoint are kept; default ~/.cache/deliberate. */
  readonly cacheDir?: string;
}

/** A checkpoint's configuration and weights; its tokenizer is not needed. */
export interface ModelSource extends DecoderSource {
  readonly name: string;
}

/** @throws ServiceError `failed_precondition` when the cache cannot be written or its files not be loaded. */
export async function createLanguageModel(
  source: ModelSource,
  options: LanguageModelOptions,
  signal?: AbortSignal,
): Promise<LanguageModel> {
  const cacheDir = options.cacheDir ?? join(homedir(), ".cache", "deliberate");
  const { precision, threads } = options;
  const path = await prepareModelFiles(source, { precision, threads, cacheDir }, signal);
  return new OnnxLanguageModel(source, precision, await Session.create(path, threads));
}

class OnnxLanguageModel implements LanguageModel {
  readonly info: LanguageModelInfo;
  readonly #config: ModelConfig;
  readonly #shape: KvShape;
  readonly #session: Session;
  readonly #runner: StepRunner;
  readonly #noPrefix: KvBlock;
  readonly #prefixes: PrefixSet;

  constructor(source: ModelSource, precision: Precision, session: Session) {
    const { config } = source;
    this.#config = config;
    this.#shape = { layers: config.numLayers, kvHeads: config.numKvHeads, headDim: config.headDim };
    this.#session = session;
    this.#runner = new StepRunner(session, config);
    this.#noPrefix = emptyPrefix(this.#shape);
    this.#prefixes = new PrefixSet(this.#shape);
    this.info = Object.freeze({
      name: source.name,
      architecture: config.modelType,
      hash: source.hash,
      precision,
      parameterCount: countParameters(config),
      vocabularySize: config.vocabSize,
      contextLength: config.contextLength,
      hiddenSize: config.hiddenSize,
      hiddenStateCount: config.numLayers + 1,
      kvBytesPerToken: kvBytesPerToken(this.#shape),
      flopsPerToken: 2 * countMultiplied(config),
    });
  }

  get runMs(): number {
    return this.#session.runMs;
  }

  /** A row without a prefix, whose slot becomes the prompt's segment. */
  async prefill(
    tokenIds: readonly number[],
    wanted: Wanted,
  ): Promise<{ prefix: KvSegment; output: RowOutput }> {
    assertTokenIds(tokenIds, this.#config);
    assertFits(tokenIds.length, this.#config);
    assertWanted(wanted, this.#config);
    const shape = this.#shape;
    const capacity = roundUpToBucket(tokenIds.length);
    const grid = new SuffixGrid(shape, { groups: 1, rows: 1 }, capacity);
    const context = { grid, groups: [this.#noPrefix], prefixes: this.#prefixes };
    const inputs = [{ slot: 0, length: 0, tokenIds, wanted }];
    const [output] = await runInChunks(this.#runner, context, inputs);
    const prefix = new KvBlock(shape, tokenIds.length, capacity, grid.storage);
    return { prefix, output: { row: 0, ...output! } };
  }

  createBatch(): RowBatch {
    return new GridRowBatch(this.#runner, this.#config, this.#shape);
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }
}

/** Weights that multiply a token's activations: the matrices of the layers and the head, tied or not. */
function countMultiplied(config: ModelConfig): number {
  return expectedTensors(config)
    .filter(
      ({ name, shape }) => shape.length === 2 && (config.tieWordEmbeddings || !name.includes("embed_tokens")),
    )
    .reduce((sum, { shape }) => sum + shape[0]! * shape[1]!, 0);
}
