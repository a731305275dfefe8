import { endianness } from "node:os";
import { invalidField } from "#shared/errors.js";
import { enumOf, integerIn, textOf } from "#shared/rpc/fields.js";
import type { Probe__Output } from "#shared/rpc/gen/deliberate/v1/Probe.js";
import type { Tensor, Tensor__Output } from "#shared/rpc/gen/deliberate/v1/Tensor.js";
import type { Probe } from "../engine/types.js";

const maxNameBytes = 128;
const maxOutputs = 256;
const inputs = {
  PROBE_INPUT_UNSPECIFIED: "hidden",
  PROBE_INPUT_HIDDEN_STATES: "hidden",
  PROBE_INPUT_HIDDEN_STATES_FINAL_NORM: "hidden_final_norm",
  PROBE_INPUT_LOGITS: "logits",
} as const;
const floatTypes = { DATA_TYPE_FLOAT32: 4 } as const;
const isLittleEndian = endianness() === "LE";

/** `field` is the probe's path in the request. The engine checks that it fits the model. */
export function toProbe(field: string, probe: Probe__Output): Probe {
  const shape = shapeOf(`${field}.weights.shape`, probe.weights);
  return {
    name: textOf(`${field}.name`, probe.name, maxNameBytes),
    input: enumOf(`${field}.input`, probe.input, inputs),
    modelHash: textOf(`${field}.model_hash`, probe.modelHash, maxNameBytes),
    weights: weightsOf(`${field}.weights`, probe.weights, shape[0] * shape[1]),
    shape,
  };
}

function shapeOf(field: string, weights: Tensor__Output | null): readonly [number, number] {
  const [outputs, width, ...more] = weights?.shape ?? [];
  if (outputs === undefined || width === undefined || more.length > 0)
    throw invalidField(field, `must have two sizes, [outputs, width], got ${weights?.shape.length ?? 0}`);
  return [integerIn(`${field}[0]`, outputs, 1, maxOutputs), integerIn(`${field}[1]`, width, 1)];
}

function weightsOf(field: string, tensor: Tensor__Output | null, count: number): Float32Array {
  const bytesEach = enumOf(`${field}.data_type`, tensor?.dataType ?? "", floatTypes);
  const data = tensor?.data ?? Buffer.alloc(0);
  if (data.byteLength !== count * bytesEach)
    throw invalidField(
      `${field}.data`,
      `must have ${count * bytesEach} bytes for its shape, got ${data.byteLength}`,
    );
  const weights = fromLittleEndian(data);
  const wrong = weights.findIndex((weight) => !Number.isFinite(weight));
  if (wrong >= 0) throw invalidField(`${field}.data`, `must be finite, got ${weights[wrong]} at ${wrong}`);
  return weights;
}

/** A copy: what the socket delivered is a view into a pool, at any alignment. */
function fromLittleEndian(data: Uint8Array): Float32Array {
  const copy = Buffer.from(data);
  if (!isLittleEndian) copy.swap32();
  return new Float32Array(Uint8Array.from(copy).buffer);
}

/** float32 or binary16, little-endian. */
export function toLittleEndian(values: Float32Array | Uint16Array): Buffer {
  const copy = Buffer.from(
    Uint8Array.from(new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );
  if (isLittleEndian) return copy;
  return values instanceof Float32Array ? copy.swap32() : copy.swap16();
}

/** binary16 [tokens, width]. */
export function fromHalves(values: Uint16Array, width: number): Tensor {
  return {
    dataType: "DATA_TYPE_FLOAT16",
    shape: [values.length / width, width],
    data: toLittleEndian(values),
  };
}
