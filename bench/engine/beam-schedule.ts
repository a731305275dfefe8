/**
 * A beam search without a model's choices: how long every step is and who survives is decided beforehand, so that all
 * engines do the same work.
 */
import { createRng } from "#shared/rng.js";

export interface BeamRound {
  /** Tokens that every row writes. */
  readonly tokens: number;
  /** Row i of the next round continues row `parents[i]`. Empty after the last round. */
  readonly parents: readonly number[];
}

export interface BeamOptions {
  /** Rows; a multiple of `keep`. */
  readonly beams: number;
  /** Rows that survive a round. */
  readonly keep: number;
  readonly rounds: number;
  /** Tokens of a step are uniform in [shortest, longest]. */
  readonly shortest: number;
  readonly longest: number;
  readonly seed: number;
}

export const BEAM_16_4: BeamOptions = { beams: 16, keep: 4, rounds: 6, shortest: 12, longest: 20, seed: 1 };

export function beamSchedule(options: BeamOptions): readonly BeamRound[] {
  const { beams, keep, rounds, shortest, longest, seed } = options;
  const rng = createRng(seed);
  return Array.from({ length: rounds }, (_, round) => {
    const tokens = shortest + rng.int(longest - shortest + 1);
    if (round + 1 === rounds) return { tokens, parents: [] };
    const survivors = pickSorted(beams, keep, (below) => rng.int(below));
    return { tokens, parents: survivors.flatMap((row) => Array.from({ length: beams / keep }, () => row)) };
  });
}

/** `count` different numbers below `below`, ascending. */
function pickSorted(below: number, count: number, int: (below: number) => number): number[] {
  const left = Array.from({ length: below }, (_, i) => i);
  const picked = Array.from({ length: count }, () => left.splice(int(left.length), 1)[0]!);
  return picked.toSorted((a, b) => a - b);
}
