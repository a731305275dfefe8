/** `--vote` and `--aggregate`: how step scores become one score, and how candidates then choose the answer. */
import { InvalidArgumentError } from "commander";
import { BadInputError } from "../exit.js";

export const AGGREGATIONS = ["last", "min", "mean", "prod"] as const;
export const VOTES = ["weighted", "max", "majority"] as const;

export type Aggregation = (typeof AGGREGATIONS)[number];
export type VoteRule = (typeof VOTES)[number];

export interface VoteChoice {
  readonly aggregation?: Aggregation;
  readonly vote?: VoteRule;
}

/** `last-weighted`, `weighted`, `min`: either word or both, joined by a hyphen, in any order. */
export function parseVote(text: string): VoteChoice {
  const words = text.trim().toLowerCase().split("-");
  const aggregation = AGGREGATIONS.filter((word) => words.includes(word));
  const vote = VOTES.filter((word) => words.includes(word));
  const understood = aggregation.length + vote.length === words.length;
  if (!understood || aggregation.length > 1 || vote.length > 1)
    throw new InvalidArgumentError(
      `It must be one of ${AGGREGATIONS.join(", ")}, one of ${VOTES.join(", ")}, or one of each joined by a hyphen, such as last-weighted.`,
    );
  return {
    ...(aggregation[0] !== undefined && { aggregation: aggregation[0] }),
    ...(vote[0] !== undefined && { vote: vote[0] }),
  };
}

/** Joins `--vote` and `--aggregate`; two different aggregations are an error rather than a silent choice. */
export function joinVote(choice: VoteChoice = {}, aggregate?: Aggregation): VoteChoice {
  if (aggregate === undefined) return choice;
  if (choice.aggregation !== undefined && choice.aggregation !== aggregate)
    throw new BadInputError(
      `--vote and --aggregate must name the same aggregation, got ${choice.aggregation} and ${aggregate}: leave one of them out.`,
    );
  return { ...choice, aggregation: aggregate };
}
