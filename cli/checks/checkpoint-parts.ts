/** What is good about each part of a checkpoint, in a line. */
import { countParameters } from "#shared/lm/checkpoint/tensors.js";
import type { CheckpointInspection, CheckpointPart } from "#shared/lm/checkpoint/inspect.js";
import type { ModelReportEvent } from "../events.js";
import { compactNumber, plural } from "../render/format.js";

/** Nothing where a part could not be read, be it for another's sake. In the order of a report. */
export const PART_DESCRIPTIONS: readonly (readonly [
  part: CheckpointPart,
  describe: (found: CheckpointInspection) => string | undefined,
])[] = [
  ["files", describeFiles],
  ["config", describeConfig],
  ["tokenizer", describeTokenizer],
  ["chat template", describeChatTemplate],
  ["weights", describeWeights],
];

/** The tokens that end a text. */
export function endsOf({ config, tokenizer }: CheckpointInspection): ModelReportEvent["eos"] {
  return (config?.eosTokenIds ?? []).map((id) => ({ id, token: tokenizer?.idToToken(id) ?? null }));
}

function describeFiles({ files }: CheckpointInspection): string | undefined {
  if (files.length === 0) return undefined;
  return files.map(({ name, byteLength }) => `${name} ${compactNumber(byteLength)}B`).join(", ");
}

function describeConfig({ config }: CheckpointInspection): string | undefined {
  if (config === undefined) return undefined;
  const parameters = compactNumber(countParameters(config));
  return `${config.modelType}, ${parameters} parameters, ${plural(config.numLayers, "layer")}, context ${config.contextLength}`;
}

function describeTokenizer(found: CheckpointInspection): string | undefined {
  const { config, generation, tokenizer } = found;
  if (tokenizer === undefined) return undefined;
  const size = `${compactNumber(tokenizer.vocabularySize)} tokens`;
  if (config === undefined) return size;
  const ends = endsOf(found).map(({ id, token }) => `${token ?? "an id without a token"} (${id})`);
  const end = ends.length === 0 ? "no token ends a text" : `a text ends with ${ends.join(" or ")}`;
  return `${size}, ${end}, a step ends with ${JSON.stringify(generation?.stepDelimiter)}`;
}

function describeChatTemplate({ chatTemplate, tokenizer }: CheckpointInspection): string | undefined {
  if (chatTemplate !== undefined) return "there";
  return tokenizer && "none: takes plain text only, `generate --raw`";
}

/** `272 tensors: Q4_1 210, F32 61, Q8_0 1`, the commonest first. */
function describeWeights({ config, tensors }: CheckpointInspection): string | undefined {
  if (tensors === undefined) return undefined;
  const counts = new Map<string, number>();
  for (const { dtype } of tensors.tensors.values()) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  const kinds = [...counts].sort(([, a], [, b]) => b - a).map(([dtype, count]) => `${dtype} ${count}`);
  const all = `${plural(tensors.tensors.size, "tensor")}: ${kinds.join(", ")}`;
  return config === undefined ? all : `${all}, as the configuration has them`;
}
