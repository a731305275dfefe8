/** Runs a training-step or evaluation graph on ONNX Runtime; parameters and moments stay in plain arrays between steps. */
import * as ort from "onnxruntime-node";
import type { BatchShape } from "../graph/training.js";

/** A packed batch; see `graph/training.ts` for the meaning of the fields. */
export interface PackedBatch {
  /** [batch · time] */
  readonly tokenIds: BigInt64Array;
  readonly targets: BigInt64Array;
  readonly lossWeights: Float32Array;
  /** [batch, time] */
  readonly positions: BigInt64Array;
  readonly segments: BigInt64Array;
}

/** What the optimizer carries from step to step. */
export interface TrainingState {
  parameters: Float32Array;
  moment1: Float32Array;
  moment2: Float32Array;
  /** Steps done. */
  step: number;
}

export interface StepResult {
  /** Nats per weighted token, before the update. */
  readonly loss: number;
  readonly gradientNorm: number;
}

type Feeds = Record<string, ort.Tensor>;

const scalar = (value: number): ort.Tensor => new ort.Tensor("float32", Float32Array.of(value), []);
const vector = (data: Float32Array): ort.Tensor => new ort.Tensor("float32", data, [data.length]);

function batchFeeds(batch: PackedBatch, { batch: rows, time }: BatchShape): Feeds {
  const long = (data: BigInt64Array, dims: number[]): ort.Tensor => new ort.Tensor("int64", data, dims);
  return {
    token_ids: long(batch.tokenIds, [rows * time]),
    targets: long(batch.targets, [rows * time]),
    loss_weights: vector(batch.lossWeights),
    positions: long(batch.positions, [rows, time]),
    segments: long(batch.segments, [rows, time]),
  };
}

const floats = (tensor: ort.Tensor | undefined): Float32Array => tensor!.data as Float32Array;

export class TrainingSession {
  readonly #session: ort.InferenceSession;
  readonly #shape: BatchShape;

  private constructor(session: ort.InferenceSession, shape: BatchShape) {
    this.#session = session;
    this.#shape = shape;
  }

  static async create(graph: Uint8Array, shape: BatchShape, threads: number): Promise<TrainingSession> {
    const session = await ort.InferenceSession.create(graph, {
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
    });
    return new TrainingSession(session, shape);
  }

  /** One optimizer step; replaces the arrays of `state`. `beta1` and `beta2` are those the graph was built with. */
  async step(
    state: TrainingState,
    batch: PackedBatch,
    rate: { learningRate: number; beta1: number; beta2: number },
  ): Promise<StepResult> {
    const step = state.step + 1;
    const feeds: Feeds = {
      ...batchFeeds(batch, this.#shape),
      parameters: vector(state.parameters),
      moment1: vector(state.moment1),
      moment2: vector(state.moment2),
      learning_rate: scalar(rate.learningRate),
      bias_correction1: scalar(1 - rate.beta1 ** step),
      bias_correction2: scalar(1 - rate.beta2 ** step),
    };
    const wanted = ["loss", "gradient_norm", "parameters_next", "moment1_next", "moment2_next"];
    const outputs = await this.#session.run(feeds, wanted);
    state.parameters = floats(outputs["parameters_next"]);
    state.moment1 = floats(outputs["moment1_next"]);
    state.moment2 = floats(outputs["moment2_next"]);
    state.step = step;
    return { loss: floats(outputs["loss"])[0]!, gradientNorm: floats(outputs["gradient_norm"])[0]! };
  }

  /** The gradient of the loss without an update, in the order of the flat vector. For training-step graphs. */
  async gradient(parameters: Float32Array, batch: PackedBatch): Promise<Float32Array> {
    const zeros = new Float32Array(parameters.length);
    const feeds: Feeds = {
      ...batchFeeds(batch, this.#shape),
      parameters: vector(parameters),
      moment1: vector(zeros),
      moment2: vector(zeros),
      learning_rate: scalar(0),
      bias_correction1: scalar(1),
      bias_correction2: scalar(1),
    };
    return floats((await this.#session.run(feeds, ["gradient"]))["gradient"]);
  }

  /** The loss alone. */
  async loss(parameters: Float32Array, batch: PackedBatch): Promise<number> {
    const feeds: Feeds = { ...batchFeeds(batch, this.#shape), parameters: vector(parameters) };
    return floats((await this.#session.run(feeds, ["loss"]))["loss"])[0]!;
  }

  /** Logits [batch · time, vocabulary]. For evaluation graphs. */
  async logits(parameters: Float32Array, batch: PackedBatch): Promise<Float32Array> {
    const feeds: Feeds = { ...batchFeeds(batch, this.#shape), parameters: vector(parameters) };
    return floats((await this.#session.run(feeds, ["logits"]))["logits"]);
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}
