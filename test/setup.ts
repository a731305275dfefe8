import { expect } from "vitest";

interface NumericArray {
  readonly length: number;
  readonly [index: number]: number;
}

expect.extend({
  /** Every element within `atol + rtol * |expected|`; the first that is not is named. */
  toBeAllclose(
    received: NumericArray,
    expected: NumericArray,
    options: { atol?: number; rtol?: number } = {},
  ) {
    const { atol = 1e-6, rtol = 0 } = options;
    if (received.length !== expected.length)
      return { pass: false, message: () => `length ${received.length}, expected ${expected.length}` };
    for (let i = 0; i < received.length; i++) {
      const got = received[i]!;
      const want = expected[i]!;
      if (!(Math.abs(got - want) <= atol + rtol * Math.abs(want)))
        return {
          pass: false,
          message: () => `element ${i}: got ${got}, expected ${want} (atol ${atol}, rtol ${rtol})`,
        };
    }
    return { pass: true, message: () => "arrays are close" };
  },
});

declare module "vitest" {
  interface Matchers<T> {
    toBeAllclose(expected: NumericArray, options?: { atol?: number; rtol?: number }): T;
  }
}
