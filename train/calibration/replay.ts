/**
 * How AUTO would have gone, from Solves that were made without it: its first samples are some of the pool, further samples
 * the next ones, subtrees of DVTS the next of those, and every other search the recorded Solve of its width. Votes are the
 * search's own. Nothing here depends on a fit; what a fit says of a station is applied to it afterwards.
 */
import { confidenceFeatures } from "#verifier/plan/calibration/features.js";
import { isStepSearch } from "#verifier/plan/planner.js";
import { FIRST_SAMPLES } from "#verifier/plan/table.js";
import type { StrategyName } from "#verifier/search/types.js";
import { tally } from "#verifier/search/vote.js";
import type { CandidateRecord } from "../strategies/solve-record.js";
import type { Action } from "./actions.js";
import { type Layout, nameOf, type SearchSpec } from "./layout.js";
import { type Observation, type Part, samplesOf, subtreesOf, toVoters, wholeOf } from "./observation.js";

/** Where a search could stop. */
export interface Station {
  readonly correct: boolean;
  /** Of both models, up to here. */
  readonly tokens: number;
  /** What the calibrated confidence is made of; undefined where there is no answer. */
  readonly features: ReturnType<typeof confidenceFeatures>;
  /** The confidence of the vote itself. */
  readonly rawConfidence: number;
}

export type Hand = Pick<Part, "candidates" | "tokens">;

/** `isScored`: by the verifier's scores, else by count. */
export function stationOf({ candidates, tokens }: Hand, strategy: StrategyName, isScored: boolean): Station {
  const voters = toVoters(candidates, isScored);
  const outcome = tally(voters, isScored ? "weighted" : "majority", 0);
  return {
    correct: outcome.winner !== undefined && candidates[outcome.winner.nodeId]!.correct,
    tokens,
    features: confidenceFeatures(outcome, voters, isStepSearch(strategy)),
    rawConfidence: outcome.confidence,
  };
}

/** Replays of one problem: others would have drawn other samples first. */
export const ROTATIONS = 4;

/** The first samples of a replay, in whole handfuls. Of replay 0 they are the pool's first. */
export function firstOf(observation: Observation, { samples }: Layout, rotation: number): Part {
  return samplesOf(observation, samples, firstSample(samples, rotation), FIRST_SAMPLES);
}

export const firstSample = (samples: number, rotation: number): number =>
  FIRST_SAMPLES * Math.floor((rotation * samples) / (FIRST_SAMPLES * ROTATIONS));

/** One station after the first samples and one after each run. */
export function replay(
  observation: Observation,
  layout: Layout,
  action: Action,
  rotation: number,
): Station[] {
  const first = firstOf(observation, layout, rotation);
  const stations = [stationOf(first, "best_of_n", true)];
  let candidates: readonly CandidateRecord[] = first.candidates;
  let { tokens } = first;
  let drawn = 0;
  for (const run of action.runs) {
    const part = runOf(observation, layout, action, { run, drawn, rotation });
    candidates = [...candidates, ...part.candidates];
    tokens += part.tokens;
    drawn += run;
    stations.push(stationOf({ candidates, tokens }, action.strategy, true));
  }
  return stations;
}

interface Run {
  readonly run: number;
  /** By the runs before it. */
  readonly drawn: number;
  readonly rotation: number;
}

function runOf(
  observation: Observation,
  layout: Layout,
  { strategy, beamWidth }: Action,
  { run, drawn, rotation }: Run,
): Part {
  const { samples, searches } = layout;
  if (strategy === "best_of_n")
    return samplesOf(observation, samples, firstSample(samples, rotation) + FIRST_SAMPLES + drawn, run);
  if (strategy !== "dvts") return wholeOf(recordOf(observation, { strategy, n: run, beamWidth }));
  const widest = searches.find((search) => search.strategy === strategy)!;
  const subtrees = widest.n / beamWidth;
  const from = (firstSubtree(subtrees, rotation) + drawn / beamWidth) % subtrees;
  return subtreesOf(recordOf(observation, widest), subtrees, from, run / beamWidth);
}

export const firstSubtree = (subtrees: number, rotation: number): number =>
  Math.floor((rotation * subtrees) / ROTATIONS);

export const recordOf = ({ searches }: Observation, search: SearchSpec) => searches.get(nameOf(search))!;
