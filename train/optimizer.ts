/** AdamW (Loshchilov & Hutter 2019) on plain arrays, for heads of a few thousand weights; networks train in the graph. */
export class AdamW {
  readonly #m: Float64Array;
  readonly #v: Float64Array;
  #step = 0;

  constructor(size: number) {
    this.#m = new Float64Array(size);
    this.#v = new Float64Array(size);
  }

  /** Torch's defaults: beta 0.9 and 0.999, epsilon 1e-8. */
  update(parameters: Float64Array, gradient: Float64Array, learningRate: number, weightDecay: number): void {
    this.#step += 1;
    const [c1, c2] = [1 - 0.9 ** this.#step, 1 - 0.999 ** this.#step];
    for (let i = 0; i < parameters.length; i++) {
      const g = gradient[i]!;
      this.#m[i] = 0.9 * this.#m[i]! + 0.1 * g;
      this.#v[i] = 0.999 * this.#v[i]! + 0.001 * g * g;
      const direction = this.#m[i]! / c1 / (Math.sqrt(this.#v[i]! / c2) + 1e-8);
      parameters[i] = parameters[i]! * (1 - learningRate * weightDecay) - learningRate * direction;
    }
  }
}
