/** All problems with everything that could have been done on them, replayed once: fits and folds only choose from it. */
import { type Action, actionsOf } from "./actions.js";
import { type FixedArm, fixedArms } from "./fixed-strategies.js";
import type { Layout } from "./layout.js";
import { type Observation, passRateOf } from "./observation.js";
import { replay, ROTATIONS, type Station } from "./replay.js";

export interface Studied {
  readonly observation: Observation;
  readonly passRate: number;
  /** By replay, by action. */
  readonly replays: readonly (readonly (readonly Station[])[])[];
  /** By fixed arm, by replay. */
  readonly fixed: readonly (readonly Station[])[];
}

export interface Study {
  readonly layout: Layout;
  readonly actions: readonly Action[];
  readonly arms: readonly FixedArm[];
  readonly problems: readonly Studied[];
}

export function createStudy(layout: Layout, observations: readonly Observation[]): Study {
  const actions = actionsOf(layout);
  const arms = fixedArms(layout);
  const rotations = Array.from({ length: ROTATIONS }, (_, rotation) => rotation);
  const problems = observations.map((observation) => ({
    observation,
    passRate: passRateOf(observation, layout.samples),
    replays: rotations.map((rotation) =>
      actions.map((action) => replay(observation, layout, action, rotation)),
    ),
    fixed: arms.map((arm) => rotations.map((rotation) => arm.of(observation, rotation))),
  }));
  return { layout, actions, arms, problems };
}

/** The same study of some of its problems. */
export const partOf = (study: Study, isIn: (problem: number) => boolean): Study => ({
  ...study,
  problems: study.problems.filter((_, i) => isIn(i)),
});
