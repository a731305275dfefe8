/** Enum values of the proto and the words that the command line uses for them. */

const PREFIX: Readonly<Record<string, string>> = {
  strategy: "STRATEGY_",
  verifier: "VERIFIER_",
  aggregation: "SCORE_AGGREGATION_",
  vote: "VOTE_",
  finishReason: "FINISH_REASON_",
  stopReason: "STOP_REASON_",
  budgetResource: "BUDGET_RESOURCE_",
};

const SHORT: Readonly<Record<string, string>> = {
  best_of_n: "bon",
  early_rejection: "early-rejection",
  particle_filtering: "particle-filtering",
  rank_fusion: "rank",
  scaled_fusion: "scaled",
};

/** `STRATEGY_BEST_OF_N` is `bon`, `FINISH_REASON_EOS` is `eos`. */
export function toWord(kind: keyof typeof PREFIX, value: string | number | undefined): string {
  const word = String(value ?? "unspecified")
    .replace(PREFIX[kind]!, "")
    .toLowerCase();
  return SHORT[word] ?? word;
}

/** The other way. */
export function fromWord(kind: keyof typeof PREFIX, word: string): string {
  const long = Object.entries(SHORT).find(([, short]) => short === word)?.[0] ?? word;
  return PREFIX[kind]! + long.toUpperCase();
}
