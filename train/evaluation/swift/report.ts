/** What an evaluation of SWIFT heads found: the content of its JSON file. */
import type { Interval } from "#shared/stats.js";
import type { GenerationCost, ScoringCost } from "./cost.js";
import type { EndToEnd } from "./end-to-end.js";
import type { LabelCounts } from "#train/swift/grade.js";

/** How well a score tells right from wrong; ambiguous and unfinished solutions do not count. */
export interface AucRow {
  readonly score: string;
  /** Over all solutions: rewards knowing which problems are hard. Undefined when all labels are equal. */
  readonly overall: number | undefined;
  /** Mean over problems with right and wrong solutions: what choosing needs. Undefined without such problems. */
  readonly withinProblem: Interval | undefined;
}

export type Pick = "first" | "majority" | "best" | "vote" | "oracle";

/** Accuracy of a choice among the first n candidates of every problem. */
export interface ChoiceRow {
  /** The scorer's name; empty where the pick needs none. */
  readonly score: string;
  readonly pick: Pick;
  readonly n: number;
  readonly accuracy: Interval;
  /** Paired difference to the majority of as many. */
  readonly againstMajority: Interval;
}

/** A head trained on so many problems. */
export interface CurvePoint {
  readonly head: string;
  readonly problems: number;
  readonly right: number;
  readonly wrong: number;
  /** Why there is no head, such as labels that are all equal; the rest is undefined then. */
  readonly failed?: string;
  readonly withinProblem?: Interval;
  /** Among `candidates`. */
  readonly best?: Interval;
  readonly vote?: Interval;
}

export interface HeadRow {
  readonly name: string;
  readonly parameters: number;
  /** Problems it was trained on, those that stopped it included. */
  readonly problems: number;
  readonly bestEpoch: number;
  readonly validationLoss: number;
}

/** What scoring costs, all in one run. */
export interface SwiftCosts {
  readonly generation: GenerationCost;
  readonly scoring: readonly ScoringCost[];
}

export interface SwiftReport {
  readonly command: string;
  readonly policy: string;
  readonly modelHash: string;
  readonly precision: string;
  readonly temperature: number;
  readonly seed: number;
  readonly trainingLabels: LabelCounts;
  readonly testProblems: number;
  /** With right and wrong solutions. */
  readonly mixedProblems: number;
  readonly testLabels: LabelCounts;
  readonly heads: readonly HeadRow[];
  readonly auc: readonly AucRow[];
  readonly choices: readonly ChoiceRow[];
  /** Of the learning curve's choices. */
  readonly candidates: number;
  readonly learningCurve: readonly CurvePoint[];
  readonly costs?: SwiftCosts;
  readonly endToEnd?: EndToEnd;
}
