/**
 * A SWIFT head as a small safetensors file: `swift.gate.weight` and `swift.reward.weight` [D], their biases [1], and in
 * the metadata which model, precision, hidden states and template the head was trained for.
 */
import { basename } from "node:path";
import { ServiceError } from "#shared/errors.js";
import { openSafetensors, readHeader } from "#shared/lm/checkpoint/safetensors.js";
import { writeSafetensors } from "#shared/lm/checkpoint/safetensors-writer.js";
import type { SwiftBias } from "./head.js";

const FORMAT = "deliberate.swift.1";

export interface SwiftHead {
  /** File name without its ending. */
  readonly name: string;
  /** `LanguageModelInfo.hash` of the policy whose states the head reads. */
  readonly modelHash: string;
  readonly precision: string;
  /** Indices of the hidden states in the order of the weights; 0 is the embedding output. */
  readonly layers: readonly number[];
  /** [layers * hiddenSize] each. */
  readonly gateWeight: Float32Array;
  readonly rewardWeight: Float32Array;
  readonly bias: SwiftBias;
  /** Which tokens were scored in training, in words. */
  readonly template: string;
  /** Data, size and result of the training, in words. */
  readonly training: string;
}

/** @throws ServiceError `failed_precondition`: missing or broken file, another format, a value that is not finite. */
export async function readSwiftHead(path: string): Promise<SwiftHead> {
  const name = basename(path).replace(/\.safetensors$/, "");
  const source = await openSafetensors(path);
  const header = await readHeader(path);
  const field = (key: string): string => {
    const value = header.metadata[key];
    if (value === undefined) throw refused(name, `its metadata must name ${key}`);
    return value;
  };
  if (field("format") !== FORMAT) throw refused(name, `its format must be ${FORMAT}, got ${field("format")}`);
  const gateBias = await source.read("swift.gate.bias");
  const rewardBias = await source.read("swift.reward.bias");
  if (gateBias.length !== 1 || rewardBias.length !== 1)
    throw refused(name, "its biases must hold one number each");
  const head: SwiftHead = {
    name,
    modelHash: field("model_hash"),
    precision: field("precision"),
    layers: parseLayers(name, field("layers")),
    gateWeight: await source.read("swift.gate.weight"),
    rewardWeight: await source.read("swift.reward.weight"),
    bias: { gate: gateBias[0]!, reward: rewardBias[0]! },
    template: field("template"),
    training: field("training"),
  };
  assertSwiftHead(head);
  return head;
}

/** @throws ServiceError `failed_precondition` as `readSwiftHead` does. */
export async function writeSwiftHead(path: string, head: Omit<SwiftHead, "name">): Promise<void> {
  assertSwiftHead({ ...head, name: basename(path) });
  const vector = (name: string, data: Float32Array) => ({ name, shape: [data.length], data });
  await writeSafetensors(
    path,
    [
      vector("swift.gate.weight", head.gateWeight),
      vector("swift.reward.weight", head.rewardWeight),
      vector("swift.gate.bias", Float32Array.of(head.bias.gate)),
      vector("swift.reward.bias", Float32Array.of(head.bias.reward)),
    ],
    {
      dtype: "F32",
      metadata: {
        format: FORMAT,
        model_hash: head.modelHash,
        precision: head.precision,
        layers: head.layers.join(","),
        template: head.template,
        training: head.training,
      },
    },
  );
}

/** Widths agree and every number is finite. */
function assertSwiftHead(head: SwiftHead): void {
  const { name, gateWeight, rewardWeight, layers, bias } = head;
  const width = gateWeight.length;
  if (width === 0 || rewardWeight.length !== width || width % layers.length !== 0) {
    const got = `${width} and ${rewardWeight.length}`;
    throw refused(
      name,
      `its two weights must have ${layers.length} states times the hidden size, got ${got} numbers`,
    );
  }
  const numbers = [...gateWeight, ...rewardWeight, bias.gate, bias.reward];
  if (!numbers.every(Number.isFinite))
    throw refused(name, "its weights and biases must be finite; train it again");
}

function parseLayers(name: string, text: string): readonly number[] {
  const layers = /^\d+(,\d+)*$/.test(text) ? text.split(",").map(Number) : [];
  if (layers.length > 0 && new Set(layers).size === layers.length) return layers;
  throw refused(name, `its layers must be different state indices such as "0,1,2", got "${text}"`);
}

function refused(name: string, problem: string): ServiceError {
  return new ServiceError("failed_precondition", `the SWIFT head ${name} cannot be used: ${problem}`, {
    reason: "INVALID_SWIFT_HEAD",
  });
}
