import { type StepStrategy, spread } from "./strategy.js";

/**
 * Of the unfinished candidates this share goes on after each round: successive halving (Karnin et al. 2013), which needs
 * no notion of how far a score can be trusted, only that it is right more often than not.
 */
const KEPT_SHARE = 1 / 2;
/**
 * Of n, so many are never rejected: a partial reward is not calibrated, and a vote among a few corrects what it got wrong.
 */
const SAFE_SHARE = 1 / 4;

/**
 * Early rejection: `n` candidates grow step by step, and after each round the worse half of those that have not finished
 * leaves, until n / 4 are left, which run to their ends. Nothing branches: each survivor has one child. So it is
 * Best-of-N that stops paying for candidates that look lost.
 */
export const earlyRejection: StepStrategy = {
  name: "early_rejection",
  scored: true,
  until: "step",
  usesBeamWidth: false,
  groups: (plan) => [plan.n],
  select: (ranked, { plan: { n } }) => {
    const unfinished = ranked.reduce((sum, { copies }) => sum + copies, 0);
    const kept = Math.min(
      unfinished,
      Math.max(Math.ceil(KEPT_SHARE * unfinished), Math.ceil(SAFE_SHARE * n)),
    );
    return spread(kept, kept, ranked);
  },
};
