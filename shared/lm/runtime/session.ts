/** One ONNX Runtime session: feeds in, named outputs out. `run` blocks its thread, so it belongs in a Worker. */
import * as ort from "onnxruntime-node";
import { ServiceError } from "#shared/errors.js";
import { mayProductsSaturate } from "./processor.js";

export type Tensor = ort.Tensor;
export type Feeds = Record<string, ort.Tensor>;

export const floatTensor = (data: Float32Array, dims: readonly number[]): Tensor =>
  new ort.Tensor("float32", data, dims);
export const intTensor = (data: Int32Array): Tensor => new ort.Tensor("int32", data, [data.length]);
export const intScalar = (value: number): Tensor => new ort.Tensor("int32", Int32Array.of(value), []);
export const boolTensor = (value: boolean): Tensor => new ort.Tensor("bool", [value], [1]);

/** Non-negative integers below 2^31 as int64: the low words of a zeroed array, which is quicker than BigInt. */
export function longTensor(values: ArrayLike<number>, dims: readonly number[]): Tensor {
  const data = new BigInt64Array(values.length);
  const words = new Int32Array(data.buffer);
  for (let i = 0; i < values.length; i++) words[2 * i] = values[i]!;
  return new ort.Tensor("int64", data, dims);
}

export class Session {
  readonly #session: ort.InferenceSession;
  #runMs = 0;
  #disposed = false;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
  }

  /** @throws ServiceError `failed_precondition` when ONNX Runtime refuses the model's files. */
  static async create(path: string, threads: number): Promise<Session> {
    try {
      const session = await ort.InferenceSession.create(path, {
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        graphOptimizationLevel: "all",
        // Shapes change from step to step; a plan per shape would be made and kept for each.
        enableMemPattern: false,
        logSeverityLevel: 3,
        extra: {
          session: {
            // A session's idle threads spin; unlimited, they take the cores from the other model's.
            intra_op: { spin_duration_us: "50" },
            // Masked scores have exponentials below the smallest normal number, on which processors are slow (a third
            // of a prefill). It makes them exact zeros. The thread that calls `run` is left in that mode as well:
            // there, Number.MIN_VALUE and its like count as 0.
            set_denormal_as_zero: "1",
            // Exact where the processor's products of 8-bit numbers would saturate, but three to four times slower on
            // those whose products are exact anyway.
            ...(mayProductsSaturate() && { x64quantprecision: "1" }),
          },
        },
      });
      return new Session(session);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `${path} must be a model that ONNX Runtime can load, got: ${reason}; delete its directory and start again`;
      throw new ServiceError("failed_precondition", message, { reason: "MODEL_NOT_LOADED" }, { cause });
    }
  }

  /** Milliseconds spent inside ONNX Runtime, the copy of the outputs included. */
  get runMs(): number {
    return this.#runMs;
  }

  /** The named outputs, each in an array of its own. */
  async run(feeds: Feeds, outputs: readonly string[]): Promise<Readonly<Record<string, Float32Array>>> {
    if (this.#disposed) throw new Error("the session is disposed");
    const start = performance.now();
    const results = await this.#session.run(feeds, outputs);
    this.#runMs += performance.now() - start;
    return Object.fromEntries(outputs.map((name) => [name, results[name]!.data as Float32Array]));
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#session.release();
  }
}
