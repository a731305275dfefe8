/** Requests that must be refused, each with what the refusal must say. */
import type { ExpandRequest } from "#shared/rpc/gen/deliberate/v1/ExpandRequest.js";
import type { FeaturizeRequest } from "#shared/rpc/gen/deliberate/v1/FeaturizeRequest.js";
import type { PlanRequest } from "#shared/rpc/gen/deliberate/v1/PlanRequest.js";
import type { ScoreRequest } from "#shared/rpc/gen/deliberate/v1/ScoreRequest.js";
import type { SolveRequest } from "#shared/rpc/gen/deliberate/v1/SolveRequest.js";

export const problem = "Kim has 3 jars with 6 tokens each. How many tokens does Kim have?";
const tenMegabytes = "x".repeat(10_000_000);
/** Within the limit on bytes, beyond every context. */
const long = "Kim has 3 jars. ".repeat(1000);
export const open = { open: { prompt: `${problem}\n` } };
const growing: ExpandRequest = { grow: { nodeId: 0, count: 1, until: "UNTIL_STEP" } };

type Row<Request> = readonly [title: string, request: Request, field: string, description: string];

export const badSolves: readonly Row<SolveRequest>[] = [
  ["no problem", { problem: "" }, "problem", "must not be empty"],
  ["a blank problem", { problem: " \n" }, "problem", "must not be empty"],
  ["a 10 MB problem", { problem: tenMegabytes }, "problem", "must have at most 65536 bytes, got 10000000"],
  ["a problem beyond both contexts", { problem: long }, "problem", "fit"],
  [
    "a problem beyond the policy's context",
    { problem: long, strategy: "STRATEGY_MAJORITY", verifier: "VERIFIER_NONE" },
    "problem",
    "fit",
  ],
  ["an unknown strategy", { strategy: 99 as 1 }, "strategy", "STRATEGY_PARTICLE_FILTERING, got 99"],
  ["an unknown verifier", { verifier: 99 as 1 }, "verifier", "VERIFIER_SCALED_FUSION, got 99"],
  ["an unknown aggregation", { aggregation: 99 as 1 }, "aggregation", "got 99"],
  ["an unknown vote", { vote: 99 as 1 }, "vote", "got 99"],
  ["n 0", { n: 0 }, "n", "in [1, 256], got 0"],
  ["n 257", { n: 257 }, "n", "in [1, 256], got 257"],
  ["n -1", { n: -1 }, "n", "in [1, 256], got 4294967295"],
  ["beam_width 0", { strategy: "STRATEGY_BEAM", beamWidth: 0 }, "beam_width", "got 0"],
  [
    "n that is no multiple of the beam width",
    { strategy: "STRATEGY_DVTS", n: 10, beamWidth: 4 },
    "n",
    "must be a multiple of beam_width, got n 10 and beam_width 4",
  ],
  ["a budget of 0 tokens", { budget: { generatedTokens: 0 } }, "budget.generated_tokens", "got 0"],
  ["a negative budget", { budget: { generatedTokens: -5 } }, "budget.generated_tokens", "whole number"],
  ["a negative PRM budget", { budget: { verifierTokens: -5 } }, "budget.verifier_tokens", "whole number"],
  ["negative FLOPs", { budget: { flops: -1 } }, "budget.flops", "must be a positive number, got -1"],
  ["FLOPs of NaN", { budget: { flops: Number.NaN } }, "budget.flops", "got NaN"],
  ["endless FLOPs", { budget: { flops: Infinity } }, "budget.flops", "got Infinity"],
  ["a negative time", { budget: { wallTime: { seconds: -1 } } }, "budget.wall_time", "positive"],
  [
    "a time of two signs",
    { budget: { wallTime: { seconds: 1, nanos: -1 } } },
    "budget.wall_time",
    "one sign",
  ],
  ["a NaN temperature", { sampling: { temperature: Number.NaN } }, "sampling.temperature", "got NaN"],
  ["top_p 7", { sampling: { topP: 7 } }, "sampling.top_p", "in (0, 1], got 7"],
  [
    "a 10 MB stop",
    { sampling: { stop: [tenMegabytes] } },
    "sampling.stop[0]",
    "must have at most 256 bytes, got 10000000",
  ],
  ["a seed beyond 2^53", { seed: 2 ** 60 }, "seed", "below 2^53"],
  ["a priority below -10", { priority: -11 }, "priority", "in [-10, 10], got -11"],
  ["an empty salt", { cacheSalt: "" }, "cache_salt", "must not be empty"],
  ["a rejection of all", { rejectBelow: 1 }, "reject_below", "must be in [0, 1), got 1"],
  ["a depth of 0", { maxDepth: 0 }, "max_depth", "got 0"],
  ["a solution of 0 tokens", { maxSolutionTokens: 0 }, "max_solution_tokens", "got 0"],
  [
    "greedy that is not",
    { strategy: "STRATEGY_GREEDY", sampling: { temperature: 1 } },
    "sampling.temperature",
    "must be 0 for greedy, got 1",
  ],
  [
    "beam with nothing that scores",
    { strategy: "STRATEGY_BEAM", verifier: "VERIFIER_NONE" },
    "verifier",
    "must score steps for beam, got none",
  ],
];

export const badPlans: readonly Row<PlanRequest>[] = [
  ["no problem", {}, "problem", "must not be empty"],
  ["a 10 MB problem", { problem: tenMegabytes }, "problem", "got 10000000"],
  ["an unknown verifier", { problem, verifier: 99 as 1 }, "verifier", "got 99"],
  ["a budget of NaN", { problem, budget: { flops: Number.NaN } }, "budget.flops", "got NaN"],
];

export const badFeaturizes: readonly Row<FeaturizeRequest>[] = [
  ["no prompt", {}, "input", "must be set"],
  ["a 10 MB prompt", { prompt: tenMegabytes }, "prompt", "must have at most"],
  ["a prompt beyond the context", { prompt: long }, "prompt", "fit"],
  ["no continuations", { prompt: "a", continuations: [] }, "continuations", "at least one item"],
  [
    "too many continuations",
    { prompt: "a", continuations: Array.from({ length: 257 }, () => ({ text: "a" })) },
    "continuations",
    "at most 256 items, got 257",
  ],
  ["an empty continuation", { prompt: "a", continuations: [{ text: "" }] }, "continuations[0].text", "empty"],
  [
    "a continuation of no tokens",
    { prompt: "a", continuations: [{ text: "a" }, { tokenIds: { ids: [] } }] },
    "continuations[1].token_ids.ids",
    "at least one id",
  ],
  [
    "a token that is not there",
    { prompt: "a", continuations: [{ tokenIds: { ids: [1, 1e6] } }] },
    "continuations[0].token_ids.ids[1]",
    "got 1000000",
  ],
  [
    "a continuation beyond the context",
    { prompt: "a", continuations: [{ tokenIds: { ids: Array<number>(5000).fill(5) } }] },
    "continuations[0].token_ids.ids",
    "has 5000 tokens",
  ],
  [
    "a text beyond the context",
    { prompt: "a", continuations: [{ text: long }] },
    "continuations[0].text",
    "fit",
  ],
  ["unknown features", { prompt: "a", features: 99 as 1 }, "features", "got 99"],
];

type Refusal<Request> = readonly [title: string, requests: Request[], code: string, message: string];

export const badSessions: readonly Refusal<ExpandRequest>[] = [
  [
    "a 10 MB prompt",
    [{ open: { prompt: tenMegabytes } }],
    "invalid_argument",
    "open.prompt must have at most",
  ],
  [
    "a prompt beyond the context",
    [{ open: { prompt: long } }],
    "invalid_argument",
    "must fit the context of",
  ],
  [
    "a token that is not there",
    [{ open: { promptTokenIds: { ids: [1e6] } } }],
    "invalid_argument",
    "1000000",
  ],
  ["a NaN top_p", [{ open: { prompt: "a", sampling: { topP: Number.NaN } } }], "invalid_argument", "got NaN"],
  [
    "a 10 MB delimiter",
    [{ open: { prompt: "a", stepDelimiter: tenMegabytes } }],
    "invalid_argument",
    "256 bytes",
  ],
  [
    "a probe of another model",
    [
      {
        open: {
          prompt: "a",
          probes: [
            {
              name: "p",
              modelHash: "abc",
              weights: { dataType: "DATA_TYPE_FLOAT32", shape: [1, 640], data: Buffer.alloc(4 * 640) },
            },
          ],
        },
      },
    ],
    "failed_precondition",
    "abc",
  ],
  ["Grow before Open", [growing], "failed_precondition", "must be open"],
  ["Open twice", [open, open], "failed_precondition", "opened once"],
  ["an unknown node", [open, { grow: { nodeId: 7, count: 1, until: "UNTIL_STEP" } }], "not_found", "got 7"],
  ["an unknown node to prune", [open, { prune: { nodeIds: [7] } }], "not_found", "got 7"],
  [
    "Grow after Prune",
    [open, growing, { prune: { nodeIds: [1] } }, { grow: { nodeId: 1, count: 1, until: "UNTIL_STEP" } }],
    "failed_precondition",
    "node 1 has been pruned",
  ],
  [
    "more tokens than the context has",
    [open, { grow: { nodeId: 0, count: 1, until: "UNTIL_END", maxTokens: 1e6 } }],
    "invalid_argument",
    "(the context), got 1000000",
  ],
  ["an unknown until", [open, { grow: { nodeId: 0, count: 1, until: 9 as 1 } }], "invalid_argument", "got 9"],
];

const start = { start: { problem } };
export const badScores: readonly Refusal<ScoreRequest>[] = [
  ["a 10 MB problem", [{ start: { problem: tenMegabytes } }], "invalid_argument", "start.problem must have"],
  [
    "a problem beyond the context",
    [{ start: { problem: long } }],
    "invalid_argument",
    "problem must fit the PRM's context of",
  ],
  [
    "a 10 MB step",
    [start, { append: { steps: [tenMegabytes] } }],
    "invalid_argument",
    "append.steps[0] must have",
  ],
  [
    "steps beyond the context",
    [start, { append: { steps: ["1+1=2\n".repeat(200)] } }],
    "failed_precondition",
    "must fit the PRM's context of",
  ],
  ["an unknown path", [start, { append: { pathId: 9, steps: ["1"] } }], "not_found", "path 9"],
  [
    "a path beyond 2^53",
    [start, { append: { pathId: 2 ** 60, steps: ["1"] } }],
    "invalid_argument",
    "append.path_id",
  ],
  ["steps before the start", [{ append: { steps: ["1"] } }], "failed_precondition", "must be start"],
];
