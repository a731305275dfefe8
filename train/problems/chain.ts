/**
 * The numbers behind a story: a start quantity and then events that change it. Some events take two lines of arithmetic
 * ("4 boxes with 6 each": multiply, then add). Every result is an integer from 1 to the level's largest.
 */
import type { Rng } from "#shared/rng.js";
import { type Equation, type Operator, commutes, evaluate } from "./equation.js";
import type { Level } from "./levels.js";

export type Kind =
  | "start"
  | "startPacked"
  | "gain"
  | "more"
  | "lose"
  | "fewer"
  | "grow"
  | "multiple"
  | "halve"
  | "share"
  | "packs"
  | "dailyGain"
  | "dailyLoss"
  | "handOut";

export interface StoryEvent {
  readonly kind: Kind;
  /** In the order in which the text mentions them. */
  readonly numbers: readonly number[];
}

export interface Chain {
  readonly events: readonly StoryEvent[];
  readonly equations: readonly Equation[];
}

/** What a kind does to the quantity v: `v operator a`, or `v operator (a*b)` in two lines. */
interface Effect {
  readonly kind: Kind;
  readonly operator: Operator;
  readonly lines: 1 | 2;
}

/** The kinds that continue a story. A kind stands here as often as it is tried. */
const EFFECTS: readonly Effect[] = [
  { kind: "gain", operator: "+", lines: 1 },
  { kind: "gain", operator: "+", lines: 1 },
  { kind: "more", operator: "+", lines: 1 },
  { kind: "lose", operator: "-", lines: 1 },
  { kind: "lose", operator: "-", lines: 1 },
  { kind: "fewer", operator: "-", lines: 1 },
  { kind: "grow", operator: "*", lines: 1 },
  { kind: "multiple", operator: "*", lines: 1 },
  { kind: "halve", operator: "/", lines: 1 },
  { kind: "share", operator: "/", lines: 1 },
  { kind: "share", operator: "/", lines: 1 },
  { kind: "packs", operator: "+", lines: 2 },
  { kind: "dailyGain", operator: "+", lines: 2 },
  { kind: "dailyLoss", operator: "-", lines: 2 },
  { kind: "handOut", operator: "-", lines: 2 },
];

/** A random chain with exactly `level.operations` equations. */
export function drawChain(level: Level, rng: Rng): Chain {
  const events: StoryEvent[] = [];
  const equations: Equation[] = [];
  let value = drawStart(level, rng, events, equations);
  while (equations.length < level.operations) {
    const effect = EFFECTS[rng.int(EFFECTS.length)]!;
    if (effect.lines > level.operations - equations.length) continue;
    const numbers = drawNumbers(effect, value, level, rng);
    if (numbers === undefined) continue;
    events.push({ kind: effect.kind, numbers });
    value = append(equations, effect, value, numbers);
  }
  return { events, equations };
}

/**
 * The chain's quantities and operations as text; the sides of sums and products are sorted, so chains that ask for the
 * same arithmetic have the same text.
 */
export function canonicalText(equations: readonly Equation[]): string {
  const lines = equations.map(({ left, operator, right }) => {
    const [first, second] = commutes(operator) && right < left ? [right, left] : [left, right];
    return `${first}${operator}${second}`;
  });
  return lines.join(";");
}

function drawStart(level: Level, rng: Rng, events: StoryEvent[], equations: Equation[]): number {
  if (rng.int(6) === 0) {
    const numbers = [between(2, level.maxFactor, rng), between(2, level.maxFactor, rng)];
    events.push({ kind: "startPacked", numbers });
    const [left, right] = [numbers[0]!, numbers[1]!];
    equations.push({ left, operator: "*", right, result: left * right });
    return left * right;
  }
  const value = between(2, level.maxStart, rng);
  events.push({ kind: "start", numbers: [value] });
  return value;
}

/** Numbers for one event, or undefined when this draw does not fit the value or the level. */
function drawNumbers(
  { kind, operator, lines }: Effect,
  value: number,
  level: Level,
  rng: Rng,
): readonly number[] | undefined {
  const room = operator === "+" ? level.maxResult - value : value - 1;
  if (lines === 2) {
    const numbers = [between(2, level.maxFactor, rng), between(2, level.maxFactor, rng)];
    return numbers[0]! * numbers[1]! <= room ? numbers : undefined;
  }
  if (kind === "halve") return value >= 4 && value % 2 === 0 ? [2] : undefined;
  if (operator === "*") {
    const factor = between(2, value < 10 ? level.maxFactor : 4, rng);
    // Multiplying a large quantity in the head is harder than anything else here: half the range is enough.
    return 2 * value * factor <= level.maxResult ? [factor] : undefined;
  }
  if (operator === "/") {
    const divisor = between(2, level.maxFactor, rng);
    return value % divisor === 0 && value / divisor >= 2 ? [divisor] : undefined;
  }
  return room < 2 ? undefined : [between(2, Math.min(room, level.maxOperand), rng)];
}

/** Adds the event's equations and returns the new value. */
function append(
  equations: Equation[],
  { operator, lines }: Effect,
  value: number,
  numbers: readonly number[],
): number {
  const before = equations.length === 0 ? {} : { leftFrom: equations.length - 1 };
  if (lines === 1) {
    const right = numbers[0]!;
    const result = evaluate(value, operator, right);
    equations.push({ left: value, operator, right, result, ...before });
    return result;
  }
  const [left, right] = [numbers[0]!, numbers[1]!];
  const product = left * right;
  equations.push({ left, operator: "*", right, result: product });
  const result = evaluate(value, operator, product);
  equations.push({
    left: value,
    operator,
    right: product,
    result,
    ...before,
    rightFrom: equations.length - 1,
  });
  return result;
}

/** Uniform integer in [low, high]. */
function between(low: number, high: number, rng: Rng): number {
  return low + rng.int(high - low + 1);
}
