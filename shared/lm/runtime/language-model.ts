/** A checkpoint as a running model. Runs block the thread they are called from, so it belongs in a Worker. */
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { ModelConfig } from "../checkpoint/config.js";
import { countParameters, expectedTensors } from "../checkpoint/tensors.js";
import type {
  LanguageModel,
  LanguageModelInfo,
  Precision,
  PrecisionChoice,
  Prefill,
  PrefillResult,
  PrefixPart,
  RowBatch,
  Wanted,
} from "../types.js";
import { assertFits, assertTokenIds, assertWanted } from "./checks.js";
import { PREFILL_CHUNK } from "./chunks.js";
import { emptyPrefix, type KvBlock, kvBytesPerToken, type KvShape, roundUpToBucket } from "./kv-block.js";
import { estimateActivations } from "./memory-estimate.js";
import { choosePrecision } from "./precision.js";
import { type DecoderSource, prepareModelFiles, WEIGHTS_FILE } from "./model-files.js";
import { ChunkedPrefill } from "./prefill.js";
import { PrefixSet } from "./prefix-set.js";
import { GridRowBatch } from "./row-batch.js";
import { Session } from "./session.js";
import { StepRunner } from "./step-runner.js";

export interface LanguageModelOptions {
  readonly precision: PrecisionChoice;
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
  const { threads } = options;
  const precision = choosePrecision(options.precision, source.config);
  const path = await prepareModelFiles(source, { precision, threads, cacheDir }, signal);
  const { size: weightBytes } = await stat(join(dirname(path), WEIGHTS_FILE));
  return new OnnxLanguageModel(source, precision, weightBytes, await Session.create(path, threads));
}

class OnnxLanguageModel implements LanguageModel {
  readonly info: LanguageModelInfo;
  readonly #config: ModelConfig;
  readonly #shape: KvShape;
  readonly #session: Session;
  readonly #runner: StepRunner;
  readonly #noPrefix: KvBlock;
  readonly #prefixes: PrefixSet;

  constructor(source: ModelSource, precision: Precision, weightBytes: number, session: Session) {
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
      weightBytes,
      prefillChunkTokens: PREFILL_CHUNK,
      flopsPerToken: 2 * countMultiplied(config),
    });
  }

  get runMs(): number {
    return this.#session.runMs;
  }

  prefixBytes(tokenCount: number): number {
    return roundUpToBucket(tokenCount) * this.info.kvBytesPerToken;
  }

  activationBytes(rows: number, contextTokens: number): number {
    return estimateActivations(this.#config, { candidates: rows, promptTokens: contextTokens, newTokens: 0 });
  }

  startPrefill(tokenIds: readonly number[], wanted: Wanted, known?: PrefixPart): Prefill {
    assertTokenIds(tokenIds, this.#config);
    assertFits(tokenIds.length, this.#config);
    assertWanted(wanted, this.#config);
    const model = {
      runner: this.#runner,
      shape: this.#shape,
      noPrefix: this.#noPrefix,
      prefixes: this.#prefixes,
    };
    return new ChunkedPrefill(model, tokenIds, wanted, known);
  }

  async prefill(tokenIds: readonly number[], wanted: Wanted): Promise<PrefillResult> {
    const prefill = this.startPrefill(tokenIds, wanted);
    while (prefill.remainingTokens > 0) await prefill.advance();
    return prefill.result;
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
