/**
 * Skywork-o1-Open-PRM (Qwen-2.5-1.5B, -7B): a Qwen2 with a value head on its last hidden state. Plain text: BOS,
 * problem and steps, a line each; the score is the logistic function of the value at the line break behind the step.
 */
import { isJsonObject } from "#shared/lm/checkpoint/json.js";
import type { Checkpoint } from "#shared/lm/checkpoint/load.js";
import type { Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import { toScore } from "../../probability.js";
import { type PrmAdapter, readLast } from "../adapter.js";
import { easyPair } from "./easy-pair.js";
import { createTextEncoder } from "./encode.js";
import { type Clues, hasArchitecture, missingTensors, type PrmFamily } from "./family.js";
import { readLinear } from "./score-head.js";
import { lastToken } from "./token-pair.js";

const ARCHITECTURE = "Qwen2ForPrmModel";

export const skywork: PrmFamily = {
  name: "skywork",
  description: `Skywork-o1-Open-PRM (architectures: ${ARCHITECTURE}, or tensors v_head.summary.*)`,
  matches: (clues) => hasArchitecture(clues, ARCHITECTURE) || clues.tensors.has("v_head.summary.weight"),
  missing: (clues) => missingTensors(clues, ["v_head.summary.weight", "v_head.summary.bias"]),
  headless: { architectures: [ARCHITECTURE] },
  selfCheck: easyPair(),
  createAdapter,
};

async function createAdapter(checkpoint: Checkpoint, { tokenizerConfig }: Clues): Promise<PrmAdapter> {
  const { tokenizer, config } = checkpoint;
  const width = config.hiddenSize;
  const { weight, bias } = await readLinear(checkpoint, "v_head.summary", 1, width);
  // A head of one output is a probe of the last state: the graph computes it, and no state leaves the graph.
  const weights = new Float32Array((config.numLayers + 1) * width);
  weights.set(weight, config.numLayers * width);
  const probes = [{ input: "hidden", weights, outputs: 1 }] as const;
  const lineBreak = lastToken(tokenizer, "\n");
  const encode = createTextEncoder(tokenizer, []);
  const begin = beginOf(tokenizer, tokenizerConfig) ?? config.bosTokenId;
  return {
    family: skywork.name,
    promptWanted: { logits: "none" },
    memoryBytes: 0,
    encodePrompt: (problem) => [...(begin === undefined ? [] : [begin]), ...encode(`${problem.trim()}\n`)],
    encodeStep(text) {
      // Line breaks inside a step would look like the ends of steps.
      const words = text.trim().replaceAll(/\s*\n\s*/gu, " ");
      return words === "" ? [] : [...encode(words), lineBreak];
    },
    stepWanted: (last) => (last ? { logits: "none", probes } : { logits: "none" }),
    begin: () => readLast(({ probe: values }) => toScore(values.at(-1)! + bias[0]!)),
  };
}

/** The published code writes the tokenizer's `bos_token`, which Qwen's own post-processor does not. */
function beginOf(tokenizer: Tokenizer, config: Clues["tokenizerConfig"]): number | undefined {
  const { bos_token: token } = config;
  const text = isJsonObject(token) ? token["content"] : token;
  return typeof text === "string" ? tokenizer.tokenToId(text) : undefined;
}
