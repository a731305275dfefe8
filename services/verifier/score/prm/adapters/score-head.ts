/** Linear layers of a PRM's own head, read from its checkpoint. Plain loops: a score asks for one row, not for a batch. */
import type { Checkpoint } from "#shared/lm/checkpoint/load.js";
import { ServiceError } from "#shared/errors.js";

export interface Linear {
  /** [out, in], row-major. */
  readonly weight: Float32Array;
  /** [out] */
  readonly bias: Float32Array;
}

/** @throws ServiceError `failed_precondition` naming the tensor, its shape and what it must be. */
export async function readLinear(
  { tensors }: Pick<Checkpoint, "tensors">,
  name: string,
  outputs: number,
  inputs: number,
): Promise<Linear> {
  const read = async (part: string, shape: readonly number[]): Promise<Float32Array> => {
    const found = tensors.tensors.get(`${name}.${part}`)?.shape;
    if (found?.join() === shape.join()) return tensors.read(`${name}.${part}`);
    throw new ServiceError(
      "failed_precondition",
      `weights: tensor ${name}.${part} must be of shape [${shape.join(", ")}], got ${found ? `[${found.join(", ")}]` : "none"}`,
      { reason: "INVALID_PRM" },
    );
  };
  return { weight: await read("weight", [outputs, inputs]), bias: await read("bias", [outputs]) };
}

/**
 * weight x + bias, in double precision. One row through the largest published layers (3584 x 3584 and 8192 x 8192) takes
 * tens of milliseconds and a few tenths of a second, beside seconds for the step's own tokens.
 */
export function applyLinear({ weight, bias }: Linear, input: ArrayLike<number>): Float64Array {
  // One kind of array, whoever calls: several would make the loop below slower.
  const x = Float64Array.from(input);
  const outputs = new Float64Array(bias.length);
  for (let row = 0, at = 0; row < outputs.length; row++) {
    let sum = bias[row]!;
    for (let i = 0; i < x.length; i++, at++) sum += weight[at]! * x[i]!;
    outputs[row] = sum;
  }
  return outputs;
}
