/**
 * A SWIFT head as a small safetensors file. Tensors: `swift.reward.weight` [D], `.scalars` [3] for a head that reads
 * them, `.bias` [1], and the same under `swift.gate.` where there is a gate. Metadata: what h_t is, which tokens count,
 * and the provenance, without which a head means nothing.
 */
import { basename } from "node:path";
import { z } from "zod";
import { ServiceError } from "#shared/errors.js";
import { openSafetensors, readHeader, type TensorSource } from "#shared/lm/checkpoint/safetensors.js";
import { writeSafetensors } from "#shared/lm/checkpoint/safetensors-writer.js";
import { SPANS, SWIFT_SCALARS, type SwiftInput, type SwiftRow, type SwiftWeights } from "./head.js";

const FORMAT = "deliberate.swift.2";

/** How the texts were sampled that a head was trained on. */
export interface SwiftSampling {
  readonly temperature: number;
  /** Unset keeps all. */
  readonly topK?: number;
  /** 1 is off. */
  readonly topP: number;
  /** 0 is off. */
  readonly minP: number;
  /** 1 is off. */
  readonly repetitionPenalty: number;
}

/** What a head was trained on. Served under other conditions its scores would be of something else. */
export interface SwiftProvenance {
  /** `LanguageModelInfo.hash` of the policy whose states the head reads. */
  readonly modelHash: string;
  readonly precision: string;
  /** Name of the adapter; empty: none. */
  readonly adapter: string;
  /** SHA-256 of the chat template, hex; empty: the problems were given as plain text. */
  readonly chatTemplateHash: string;
  readonly sampling: SwiftSampling;
}

export interface SwiftHead extends SwiftWeights {
  /** File name without its ending. */
  readonly name: string;
  readonly input: SwiftInput;
  readonly provenance: SwiftProvenance;
  /** Data, size and result of the training, in words. */
  readonly training: string;
}

const metadataShape = z.object({
  format: z.literal(FORMAT),
  input: z.enum(["hidden", "logits"]),
  layers: z.string().regex(/^(\d+(,\d+)*)?$/),
  final_norm: z.enum(["true", "false"]),
  span: z.enum(SPANS),
  model_hash: z.string().min(1),
  precision: z.string().min(1),
  adapter: z.string(),
  chat_template_hash: z.string(),
  sampling: z.string(),
  training: z.string(),
});

const samplingShape = z.object({
  temperature: z.number(),
  topK: z.number().optional(),
  topP: z.number(),
  minP: z.number(),
  repetitionPenalty: z.number(),
});

/** @throws ServiceError `failed_precondition`: missing or broken file, another format, a value that is not finite. */
export async function readSwiftHead(path: string): Promise<SwiftHead> {
  const name = basename(path).replace(/\.safetensors$/, "");
  const source = await openSafetensors(path);
  const { metadata } = await readHeader(path);
  const parsed = metadataShape.safeParse(metadata);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue!.path.join(".");
    throw refused(name, `its metadata must hold a valid ${field}, got "${metadata[field] ?? "nothing"}"`);
  }
  const fields = parsed.data;
  const head: SwiftHead = {
    name,
    input: parseInput(fields),
    span: fields.span,
    gate: source.tensors.has("swift.gate.weight") ? await readRow(source, "gate") : undefined,
    reward: await readRow(source, "reward"),
    provenance: {
      modelHash: fields.model_hash,
      precision: fields.precision,
      adapter: fields.adapter,
      chatTemplateHash: fields.chat_template_hash,
      sampling: parseSampling(name, fields.sampling),
    },
    training: fields.training,
  };
  assertSwiftHead(head);
  return head;
}

async function readRow(source: TensorSource, row: "gate" | "reward"): Promise<SwiftRow> {
  const scalars = `swift.${row}.scalars`;
  const bias = await source.read(`swift.${row}.bias`);
  return {
    weights: await source.read(`swift.${row}.weight`),
    scalars: source.tensors.has(scalars) ? await source.read(scalars) : new Float32Array(0),
    bias: bias.length === 1 ? bias[0]! : Number.NaN,
  };
}

function parseInput({ input, layers, final_norm }: z.infer<typeof metadataShape>): SwiftInput {
  if (input === "logits") return { kind: "logits" };
  return {
    kind: "hidden",
    layers: layers === "" ? [] : layers.split(",").map(Number),
    finalNorm: final_norm === "true",
  };
}

function parseSampling(name: string, text: string): SwiftSampling {
  try {
    const { topK, ...sampling } = samplingShape.parse(JSON.parse(text));
    return { ...sampling, ...(topK !== undefined && { topK }) };
  } catch {
    throw refused(name, `its metadata must hold a valid sampling, got "${text}"`);
  }
}

/** @throws ServiceError `failed_precondition` as `readSwiftHead` does; nothing is written then. */
export async function writeSwiftHead(path: string, head: Omit<SwiftHead, "name">): Promise<void> {
  assertSwiftHead({ ...head, name: basename(path) });
  const { gate, reward, input, span, provenance, training } = head;
  await writeSafetensors(
    path,
    [...(gate === undefined ? [] : tensorsOf("gate", gate)), ...tensorsOf("reward", reward)],
    {
      dtype: "F32",
      metadata: {
        format: FORMAT,
        input: input.kind,
        layers: input.kind === "hidden" ? input.layers.join(",") : "",
        final_norm: String(input.kind === "hidden" && input.finalNorm),
        span,
        model_hash: provenance.modelHash,
        precision: provenance.precision,
        adapter: provenance.adapter,
        chat_template_hash: provenance.chatTemplateHash,
        sampling: JSON.stringify(provenance.sampling),
        training,
      },
    },
  );
}

function tensorsOf(row: string, { weights, scalars, bias }: SwiftRow) {
  const vector = (part: string, data: Float32Array) => ({
    name: `swift.${row}.${part}`,
    shape: [data.length],
    data,
  });
  return [
    vector("weight", weights),
    ...(scalars.length === 0 ? [] : [vector("scalars", scalars)]),
    vector("bias", Float32Array.of(bias)),
  ];
}

/** Widths agree and every number is finite. */
function assertSwiftHead({ name, input, gate, reward }: SwiftHead): void {
  const width = reward.weights.length;
  const scalars = reward.scalars.length;
  if (width === 0 || (gate !== undefined && gate.weights.length !== width))
    throw refused(
      name,
      `its rows must be of one width, at least 1, got ${gate?.weights.length ?? 0} and ${width}`,
    );
  if (![0, SWIFT_SCALARS].includes(scalars) || (gate !== undefined && gate.scalars.length !== scalars))
    throw refused(name, `its rows must both have 0 or ${SWIFT_SCALARS} scalars, got ${scalars}`);
  if (input.kind === "hidden") assertLayers(name, input.layers, width);
  const numbers = [gate, reward].flatMap((row) =>
    row === undefined ? [] : [...row.weights, ...row.scalars, row.bias],
  );
  if (!numbers.every(Number.isFinite))
    throw refused(name, "its weights and biases must be finite; train it again");
}

function assertLayers(name: string, layers: readonly number[], width: number): void {
  if (layers.length === 0 || new Set(layers).size < layers.length)
    throw refused(name, `its layers must be different state indices such as "0,1,2", got "${layers.join()}"`);
  if (width % layers.length !== 0)
    throw refused(name, `its rows must have ${layers.length} states times the hidden size, got ${width}`);
}

function refused(name: string, problem: string): ServiceError {
  return new ServiceError("failed_precondition", `the SWIFT head ${name} cannot be used: ${problem}`, {
    reason: "INVALID_SWIFT_HEAD",
  });
}
