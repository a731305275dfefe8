/** The numbers of a head while it is trained: its start, its steps, and the head that is served. */
import type { Rng } from "#shared/rng.js";
import { AdamW } from "#train/optimizer.js";
import type { SwiftRow } from "#verifier/score/swift/head.js";
import { emptyRows, type Row, type Rows } from "./head-gradient.js";
import { eachRow, type Moments, toRaw } from "./moments.js";

/** Uniform within 1 / sqrt(width), biases too, as torch's linear layers start. */
export function randomRows(width: number, gated: boolean, rng: Rng): Rows {
  const rows = emptyRows(width, gated);
  const draw = (): number => (2 * rng.next() - 1) / Math.sqrt(width);
  eachRow(rows, (row) => {
    for (let i = 0; i < width; i++) row.weights[i] = draw();
    row.bias = draw();
  });
  return rows;
}

export function copyRows({ gate, reward }: Rows): Rows {
  const copy = ({ weights, bias }: Row): Row => ({ weights: weights.slice(), bias });
  return { gate: gate && copy(gate), reward: copy(reward) };
}

export function clearRows(rows: Rows): void {
  eachRow(rows, (row) => {
    row.weights.fill(0);
    row.bias = 0;
  });
}

/** AdamW over both rows, biases decayed as weights are. */
export class HeadOptimizer {
  readonly #steps = { gate: new RowSteps(), reward: new RowSteps() };

  update(rows: Rows, gradient: Rows, learningRate: number, weightDecay: number): void {
    eachRow(rows, (row, of) =>
      this.#steps[of].update(
        row,
        of === "gate" ? gradient.gate! : gradient.reward,
        learningRate,
        weightDecay,
      ),
    );
  }
}

class RowSteps {
  #weights: AdamW | undefined;
  readonly #bias = new AdamW(1);

  update(row: Row, gradient: Row, learningRate: number, weightDecay: number): void {
    this.#weights ??= new AdamW(row.weights.length);
    this.#weights.update(row.weights, gradient.weights, learningRate, weightDecay);
    const bias = Float64Array.of(row.bias);
    this.#bias.update(bias, Float64Array.of(gradient.bias), learningRate, weightDecay);
    row.bias = bias[0]!;
  }
}

/** The same head over raw features. */
export function rawRows(rows: Rows, moments: Moments | undefined, into: Rows): Rows {
  if (moments === undefined) return rows;
  eachRow(rows, (row, of) => toRaw(row, moments, of === "gate" ? into.gate! : into.reward));
  return into;
}

/** A row as it is served; its last weights are those of the scalars. */
export function toSwiftRow({ weights, bias }: Row, scalars: number): SwiftRow {
  const width = weights.length - scalars;
  return {
    weights: Float32Array.from(weights.subarray(0, width)),
    scalars: Float32Array.from(weights.subarray(width)),
    bias,
  };
}
