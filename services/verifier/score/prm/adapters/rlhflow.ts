/**
 * RLHFlow (Llama3.1-8B-PRM-Deepseek-Data, -Mistral-Data): a Llama chat in which each step is a user's turn (the first
 * with the problem before it) and the assistant answers `+` or `-`. The score is the softmax over the two where the
 * answer begins; then the answer is taken to be `+`, as in the published code, and goes in front of the next step.
 */
import type { Checkpoint } from "#shared/lm/checkpoint/load.js";
import { type PrmAdapter, readLast } from "../adapter.js";
import { chatFrame } from "./chat-frame.js";
import { easyPair } from "./easy-pair.js";
import { createTextEncoder } from "./encode.js";
import { isPrmNamed, missingTemplate, missingTokens, type PrmFamily } from "./family.js";
import { lastToken, pairScore } from "./token-pair.js";

export const rlhflow: PrmFamily = {
  name: "rlhflow",
  description:
    'Llama chat with "+" and "-" turns (known by "rlhflow" and "prm", or "prm-deepseek-data", in its name)',
  matches: (clues) =>
    isPrmNamed(clues, "rlhflow") || clues.names.some((name) => /prm-(deepseek|mistral)-data/u.test(name)),
  missing: (clues) => [...missingTokens(clues, ["+", "-"]), ...missingTemplate(clues)],
  selfCheck: easyPair(),
  createAdapter: async (checkpoint) => createAdapter(checkpoint),
};

function createAdapter({ tokenizer, chatTemplate }: Checkpoint): PrmAdapter {
  const turns = [{ role: "user" }, { role: "assistant" }, { role: "user" }, { role: "assistant" }];
  // Around step, answer, step, answer.
  const [head, toAnswer, toStep] = chatFrame(chatTemplate!, turns);
  const mark = (text: string): number[] => tokenizer.encode(text, { addSpecialTokens: false });
  const ask = mark(toAnswer!);
  const next = mark(`+${toStep!}`);
  const [right, wrong] = [lastToken(tokenizer, "+"), lastToken(tokenizer, "-")];
  const encode = createTextEncoder(tokenizer, []);
  return {
    family: rlhflow.name,
    promptWanted: { logits: "none" },
    memoryBytes: 0,
    encodePrompt: (problem) => [...mark(head!), ...encode(problem.trim())],
    encodeStep(text, first) {
      const words = text.trim();
      if (words === "") return [];
      return first ? [...encode(` ${words}`), ...ask] : [...next, ...encode(words), ...ask];
    },
    stepWanted: (last) => ({ logits: last ? "last" : "none" }),
    begin: () => readLast((output) => pairScore(output, right, wrong)),
  };
}
