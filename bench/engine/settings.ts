/** How much is measured. */
import { BEAM_16_4, type BeamOptions } from "./beam-schedule.js";

export interface BenchSettings {
  /** Every engine is measured once a round, one after the other. */
  readonly rounds: number;
  readonly candidates: readonly number[];
  /** Whether all ways of driving node-llama-cpp are tried first. */
  readonly tune: boolean;
  readonly promptTokens: number;
  readonly longPromptTokens: number;
  /** Tokens of each candidate in one sample. */
  readonly newTokens: number;
  /** Samples of a decoding or a short prefill in a round. */
  readonly samples: number;
  readonly firstStepTokens: number;
  readonly beam: BeamOptions;
  readonly slopeCandidates: readonly number[];
  readonly slopeContexts: readonly number[];
  /** Samples of everything that only our engine does. */
  readonly ownSamples: number;
}

export const FULL: BenchSettings = {
  rounds: 3,
  tune: true,
  candidates: [1, 4, 16, 64],
  promptTokens: 300,
  longPromptTokens: 1500,
  newTokens: 32,
  samples: 2,
  firstStepTokens: 16,
  beam: BEAM_16_4,
  slopeCandidates: [1, 2, 4, 8, 16, 32, 64],
  slopeContexts: [128, 256, 512, 1024, 2048, 4096],
  ownSamples: 3,
};

export const QUICK: BenchSettings = {
  rounds: 1,
  tune: false,
  candidates: [1, 16],
  promptTokens: 300,
  longPromptTokens: 450,
  newTokens: 8,
  samples: 1,
  firstStepTokens: 4,
  beam: { ...BEAM_16_4, rounds: 2, shortest: 3, longest: 4 },
  slopeCandidates: [1, 16],
  slopeContexts: [128, 512],
  ownSamples: 1,
};
