/**
 * How many candidates are too many. More candidates are also more chances for a wrong one that the verifier likes, so
 * accuracy may fall with their number.
 */
import { createRng } from "#shared/rng.js";
import { bootstrap, mean } from "#shared/stats.js";
import { isScored } from "#verifier/search/strategies.js";
import { measureArm, type MeasuredArm } from "./fixed-strategies.js";
import type { Study } from "./study.js";

export function measureArms({ arms, problems }: Study): MeasuredArm[] {
  const ids = problems.map(({ observation }) => observation.id);
  return arms.map((arm, i) =>
    measureArm(
      arm,
      ids,
      problems.map(({ fixed }) => fixed[i]!),
    ),
  );
}

/** The largest n at which no strategy that is scored is surely worse than it is with fewer; the largest of all if there is none. */
export function widthCapOf(measured: readonly MeasuredArm[]): number {
  const scored = measured.filter(({ strategy }) => isScored(strategy));
  const isWorse = (n: number): boolean =>
    scored
      .filter((wide) => wide.n === n)
      .some((wide) =>
        scored.some(
          (narrow) => narrow.strategy === wide.strategy && narrow.n < n && isSurelyBelow(wide, narrow),
        ),
      );
  const sizes = [...new Set(scored.map(({ n }) => n))].toSorted((a, b) => b - a);
  return sizes.find((n) => !isWorse(n)) ?? sizes[0]!;
}

function isSurelyBelow({ arm }: MeasuredArm, other: MeasuredArm): boolean {
  const gains = [...arm.accuracy].map(([id, accuracy]) => accuracy - other.arm.accuracy.get(id)!);
  return bootstrap(gains, mean, createRng("width cap")).high < 0;
}
