/** All problems with everything that could have been done on them, replayed once: fits and folds only choose from it. */
import { type Opening, openingsOf } from "./actions.js";
import { type FixedArm, fixedArms } from "./fixed-strategies.js";
import type { Layout } from "./layout.js";
import { type Observation, passRateOf } from "./observation.js";
import { replay, ROTATIONS, type Station } from "./replay.js";

export interface Studied {
  readonly observation: Observation;
  readonly passRate: number;
  /** By opening, by replay, by action. */
  readonly replays: readonly (readonly (readonly (readonly Station[])[])[])[];
  /** By fixed arm, by replay. */
  readonly fixed: readonly (readonly Station[])[];
}

export interface Study {
  readonly layout: Layout;
  readonly openings: readonly Opening[];
  readonly arms: readonly FixedArm[];
  readonly problems: readonly Studied[];
}

export function createStudy(layout: Layout, observations: readonly Observation[]): Study {
  const openings = openingsOf(
    layout,
    observations.every(({ promptState }) => promptState !== undefined),
  );
  const arms = fixedArms(layout);
  const rotations = Array.from({ length: ROTATIONS }, (_, rotation) => rotation);
  const problems = observations.map((observation) => ({
    observation,
    passRate: passRateOf(observation, layout.samples),
    replays: openings.map(({ firstSamples, actions }) =>
      rotations.map((rotation) =>
        actions.map((action) => replay(observation, layout, action, { firstSamples, rotation })),
      ),
    ),
    fixed: arms.map((arm) => rotations.map((rotation) => arm.of(observation, rotation))),
  }));
  return { layout, openings, arms, problems };
}

/** The same study of some of its problems. */
export const partOf = (study: Study, isIn: (problem: number) => boolean): Study => ({
  ...study,
  problems: study.problems.filter((_, i) => isIn(i)),
});
