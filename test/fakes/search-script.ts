/** A small beam search as the verifier tells it: two rounds, a duplicate, a losing path, three finished candidates. */
import { PLAN, type SolveScript } from "./fake-verifier.js";

const node = (
  nodeId: number,
  parentId: number,
  depth: number,
  text: string,
  finishReason = "FINISH_REASON_STEP",
) => ({
  nodeAdded: {
    nodeId,
    parentId,
    depth,
    subtree: 0,
    text: `${text}\n`,
    finishReason,
    tokenCount: 8,
    meanLogProb: -0.25,
  },
});
const scored = (nodeId: number, score: number) => ({ nodeScored: { nodeId, score } });
const pruned = (nodeId: number, reason: string) => ({ nodePruned: { nodeId, reason } });
const best = (answer: string, confidence: number, finishedCandidates: number) => ({
  bestSoFar: { answer, confidence, finishedCandidates },
});
const candidate = (nodeId: number, answer: string, score: number, text: string, stepScores: number[]) => ({
  nodeId,
  answer,
  score,
  text,
  stepScores,
  meanLogProb: -0.25,
});

export const USAGE = {
  promptTokens: 40,
  cachedPromptTokens: 32,
  generatedTokens: 72,
  keptTokens: 48,
  prunedTokens: 16,
  cancelledTokens: 8,
  verifierTokens: 64,
  flops: 2.4e9,
  wallTime: { seconds: 1, nanos: 250_000_000 },
};

export const SOLVED = {
  answer: "19",
  solution: "12 - 5 = 7\n7 + 12 = 19\n#### 19",
  confidence: 0.72,
  votes: [
    { answer: "19", share: 0.72, count: 2 },
    { answer: "17", share: 0.28, count: 1 },
  ],
  candidates: [
    candidate(7, "19", 0.95, "12 - 5 = 7\n7 + 12 = 19\n#### 19", [0.9, 0.94, 0.95]),
    candidate(8, "19", 0.81, "12 - 5 = 7\n7 + 12 = 19.\n#### 19", [0.9, 0.8, 0.81]),
    candidate(9, "17", 0.4, "12 + 5 = 17\n#### 17", [0.41, 0.4]),
  ],
  plan: PLAN,
  usage: USAGE,
  stopReason: "STOP_REASON_FINISHED",
  warning: "",
};

export const BEAM_EVENTS = [
  { planChosen: { plan: PLAN } },
  node(1, 0, 1, "12 - 5 = 7"),
  node(2, 0, 1, "12 + 5 = 17"),
  node(3, 0, 1, "12 - 5 = 7"),
  node(4, 0, 1, "12 * 5 = 60"),
  scored(1, 0.9),
  scored(2, 0.41),
  pruned(3, "duplicate"),
  scored(4, 0.08),
  pruned(4, "outscored"),
  node(5, 1, 2, "7 + 12 = 19"),
  node(6, 1, 2, "7 + 12 = 19."),
  scored(5, 0.94),
  scored(6, 0.8),
  node(9, 2, 2, "#### 17", "FINISH_REASON_EOS"),
  scored(9, 0.4),
  best("17", 1, 1),
  node(7, 5, 3, "#### 19", "FINISH_REASON_EOS"),
  node(8, 6, 3, "#### 19", "FINISH_REASON_EOS"),
  scored(7, 0.95),
  scored(8, 0.81),
  best("19", 0.72, 3),
];

export const BEAM_SCRIPT: SolveScript = { events: [...BEAM_EVENTS, { solved: SOLVED }] };

/** The budget ended before any candidate did. */
export const NO_ANSWER_SCRIPT: SolveScript = {
  events: [
    ...BEAM_EVENTS.slice(0, 6),
    {
      solved: {
        ...SOLVED,
        answer: "",
        solution: "",
        confidence: 0,
        votes: [],
        candidates: [],
        stopReason: "STOP_REASON_BUDGET",
        exhausted: "BUDGET_RESOURCE_GENERATED_TOKENS",
        warning: "No candidate finished within the budget of 20 tokens; give it more.",
      },
    },
  ],
};
