/**
 * Qwen2.5-Math-PRM (7B, 72B, and 7B-PRM800K): a Qwen2 with a head of two classes on its last hidden state. The chat of
 * Qwen2.5-Math with its system prompt; the assistant's turn is the steps, a tag behind each. The score is the softmax's
 * class 1 at the tag.
 */
import type { Checkpoint } from "#shared/lm/checkpoint/load.js";
import { toScore } from "../../probability.js";
import { type PrmAdapter, readLast } from "../adapter.js";
import { chatFrame } from "./chat-frame.js";
import { easyPair } from "./easy-pair.js";
import { createTextEncoder } from "./encode.js";
import { hasArchitecture, missingTemplate, missingTensors, missingTokens, type PrmFamily } from "./family.js";
import { applyLinear, readLinear } from "./score-head.js";

const ARCHITECTURE = "Qwen2ForProcessRewardModel";
const TAG = "<extra_0>";
const SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}.";
const TENSORS = ["score.0.weight", "score.0.bias", "score.2.weight", "score.2.bias"];

export const qwenMath: PrmFamily = {
  name: "qwen-math",
  description: `Qwen2.5-Math-PRM (architectures: ${ARCHITECTURE})`,
  matches: (clues) => hasArchitecture(clues, ARCHITECTURE),
  missing: (clues) => [
    ...missingTensors(clues, TENSORS),
    ...missingTokens(clues, [TAG]),
    ...missingTemplate(clues),
  ],
  headless: { architectures: [ARCHITECTURE] },
  selfCheck: easyPair(),
  createAdapter,
};

async function createAdapter(checkpoint: Checkpoint): Promise<PrmAdapter> {
  const { tokenizer, chatTemplate, config } = checkpoint;
  const width = config.hiddenSize;
  const hidden = await readLinear(checkpoint, "score.0", width, width);
  const classes = await readLinear(checkpoint, "score.2", 2, width);
  const turns = [{ role: "system", content: SYSTEM }, { role: "user" }, { role: "assistant" }];
  const [head, toSolution] = chatFrame(chatTemplate!, turns);
  const mark = (text: string): number[] => tokenizer.encode(text, { addSpecialTokens: false });
  const tag = tokenizer.tokenToId(TAG)!;
  const encode = createTextEncoder(tokenizer, [TAG]);
  return {
    family: qwenMath.name,
    promptWanted: { logits: "none" },
    memoryBytes: 0,
    encodePrompt: (problem) => [...mark(head!), ...encode(problem.trim()), ...mark(toSolution!)],
    encodeStep(text) {
      const words = text.trim();
      return words === "" ? [] : [...encode(words), tag];
    },
    stepWanted: (last) => ({ logits: "none", hidden: last }),
    // The last layer's state of the last token stands last. Those of all layers and of the other tokens of its round come
    // with it (some 400 kB a token for the 7B model), for as long as the round lasts: `maxBatchTokens` bounds them.
    begin: () =>
      readLast((output) => {
        const active = applyLinear(hidden, output.hidden.subarray(-width)).map((value) => Math.max(0, value));
        const [wrong, right] = applyLinear(classes, active);
        return toScore(right! - wrong!);
      }),
  };
}
