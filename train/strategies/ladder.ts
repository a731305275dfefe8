/** Which arms a strategy has, from the cheapest on, and when the ladder has been climbed far enough. */
import { MAX_CANDIDATES } from "#verifier/plan/request.js";
import { type Arm, type ArmSpec, GREEDY_ARM } from "./arm.js";
import { type Unit, UNITS } from "./report/report.js";

/** Children per kept path of the strategies that branch, which therefore begin with as many candidates. */
const BEAM_WIDTH = 4;
const BRANCHING: ReadonlySet<string> = new Set(["beam", "dvts"]);

/** AUTO's first cap, where the smallest budget is not below it. */
const FIRST_CAP = 256;
const MIN_CAP = 32;
const MAX_CAP = 2 ** 24;
/** An arm of AUTO that costs less than so many times the one before has no use for a higher cap. */
const GROWTH = 1.05;

/** `smallest` budget, in tokens: AUTO needs an arm that costs less. */
export function ladderOf(strategy: string, smallest: number): ArmSpec[] {
  if (strategy === "greedy") return [GREEDY_ARM];
  if (strategy === "auto") {
    const first = Math.max(MIN_CAP, 2 ** Math.floor(Math.log2(Math.min(FIRST_CAP, smallest))));
    return doublings(first, MAX_CAP).map((tokens) => ({ strategy, name: `auto@${tokens}`, tokens }));
  }
  const branches = BRANCHING.has(strategy);
  return doublings(branches ? BEAM_WIDTH : 1, MAX_CANDIDATES).map((n) => ({
    strategy,
    name: `${strategy}@${n}`,
    n,
    ...(branches && { beamWidth: BEAM_WIDTH }),
  }));
}

export function doublings(first: number, last: number): number[] {
  const values: number[] = [];
  for (let value = first; value <= last; value *= 2) values.push(value);
  return values;
}

/** Whether the last arm spends the `largest` budget in every unit, or a higher cap would change nothing. */
export function isClimbed(
  specs: readonly ArmSpec[],
  arms: readonly Arm[],
  largest: Readonly<Record<Unit, number>>,
): boolean {
  const last = arms.at(-1);
  if (last === undefined) return false;
  if (UNITS.every((unit) => last.cost[unit] >= largest[unit])) return true;
  const cap = specs[arms.length - 1]!.tokens;
  const before = arms.at(-2);
  // A cap below the largest budget says nothing of higher ones: a greedy answer costs the same under each.
  if (cap === undefined || before === undefined || cap < largest.tokens) return false;
  // Below half of the cap it was not the cap that ended the searches.
  return last.cost.tokens < GROWTH * before.cost.tokens && last.cost.tokens < cap / 2;
}
