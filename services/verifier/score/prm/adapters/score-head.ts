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
 * weight x + bias, in double precision. The largest published head is 8192 x 8192: some 70 million products, well under
 * a tenth of a second, beside seconds for the step's own tokens.
 */
export function applyLinear({ weight, bias }: Linear, x: ArrayLike<number>): Float64Array {
  const width = x.length;
  return Float64Array.from(bias, (start, row) => {
    let sum = start;
    for (let i = 0, at = row * width; i < width; i++, at++) sum += weight[at]! * x[i]!;
    return sum;
  });
}
