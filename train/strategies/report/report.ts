/** What `bench` finds out. report.json holds this, and its `rows` alone are what scripts rely on. */
import type { Interval } from "#shared/stats.js";

/** `tokens` and `flops`: of both models. `seconds`: of the whole Solve, one at a time. */
export const UNITS = ["tokens", "flops", "seconds"] as const;
export type Unit = (typeof UNITS)[number];

/**
 * The verifier's own language model as the policy. Whoever sees that it wins should use it; it does not compete with the
 * strategies, which are all of one policy.
 */
export const BACKBONE = "backbone";

/** A strategy at a mean cost of `budget` per problem. Names are those of the JSON. */
export interface ReportRow {
  readonly strategy: string;
  /** In `unit`; the mean over all problems. */
  readonly budget: number;
  readonly unit: Unit;
  /** null: all levels. */
  readonly level: number | null;
  /** Problems. */
  readonly n: number;
  readonly accuracy: number;
  /** 95 %, bootstrap over problems. */
  readonly ci_low: number;
  readonly ci_high: number;
  /** Means per problem. */
  readonly generated_tokens: number;
  readonly verifier_tokens: number;
  readonly flops: number;
  readonly wall_ms_p50: number;
  readonly wall_ms_p95: number;
  /** The arms that the row mixes, and the share of the second, so that the mean cost is the budget. */
  readonly arms: readonly string[];
  readonly second_share: number;
  /** False: the strategy cannot spend as much; the row is its largest arm. */
  readonly spends_budget: boolean;
}

/** One arm as it was measured, over all problems and seeds. */
export interface ArmPoint {
  readonly strategy: string;
  readonly arm: string;
  readonly accuracy: Interval;
  /** By level, in the order of `levels`. */
  readonly accuracyByLevel: readonly number[];
  /** Means per problem. */
  readonly cost: Readonly<Record<Unit, number>>;
  /** Means per problem. */
  readonly tokens: {
    readonly kept: number;
    readonly pruned: number;
    readonly cancelled: number;
    readonly verifier: number;
  };
}

/** A minus B at the same mean cost, paired by problem. */
export interface Difference {
  readonly strategy: string;
  readonly against: string;
  readonly budget: number;
  readonly unit: Unit;
  readonly difference: Interval;
}

/** What was claimed to be likely, and how often it came true. */
export interface ReliabilityBin {
  /** Means, in [0, 1]. */
  readonly predicted: number;
  readonly observed: number;
  readonly count: number;
}

/** How far a strategy's confidence can be trusted, all its arms together. */
export interface Reliability {
  readonly strategy: string;
  readonly solves: number;
  /** Expected calibration error over `bins`, weighted by their counts. */
  readonly ece: number;
  readonly brier: number;
  /** Of equal width over [0, 1]; empty ones are left out. */
  readonly bins: readonly ReliabilityBin[];
}

/** An estimate of difficulty against the share of right samples, over problems. */
export interface DifficultyEstimate {
  readonly name: string;
  /** Spearman's rank correlation with pass@1. */
  readonly rankCorrelation: Interval;
  /** Null, as `ece`, and `bins` empty, where it does not claim to be pass@1 itself. */
  readonly brier: number | null;
  readonly ece: number | null;
  /** Of equal width over [0, 1], of all problems and seeds; empty ones are left out. */
  readonly bins: readonly ReliabilityBin[];
}

export interface StrategiesReport {
  readonly command: string;
  readonly policy: string;
  readonly verifier: string;
  /** Hash of the calibration that AUTO planned by; empty: none. */
  readonly calibration: string;
  readonly problems: number;
  readonly seeds: readonly number[];
  readonly temperature: number;
  readonly machine: string;
  /** ISO 8601. */
  readonly date: string;
  /** Ascending; empty when the problems have none. */
  readonly levels: readonly number[];
  /** The budgets of each unit, ascending. Those of FLOPs and seconds are what majority voting pays for the tokens. */
  readonly budgets: Readonly<Record<Unit, readonly number[]>>;
  readonly strategies: readonly string[];
  /** Of these, the ones that need the right answer, and are bounds, not strategies: oracle. */
  readonly bounds: readonly string[];
  readonly rows: readonly ReportRow[];
  readonly points: readonly ArmPoint[];
  readonly differences: readonly Difference[];
  readonly reliability: readonly Reliability[];
  readonly difficulty: readonly DifficultyEstimate[];
}
