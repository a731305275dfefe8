/**
 * Easy questions in plain English, for small chat models that others trained: hard enough to fail often, easy enough to
 * get right sometimes. Seeded like the stories, and with splits that share no question.
 */
import { invalidField, ServiceError } from "#shared/errors.js";
import { createRng } from "#shared/rng.js";
import type { Split } from "./generate.js";

export interface EasyProblem {
  readonly id: string;
  readonly problem: string;
  readonly answer: string;
}

interface Question {
  readonly text: string;
  readonly answer: number;
}

type Ask = (between: (low: number, high: number) => number) => Question;

const NAMES = ["Tom", "Ann", "Ben", "Mia", "Sam", "Eva"];
const THINGS = ["apples", "coins", "books", "pens", "cards", "shells"];

/** Each kind has several hundred questions. */
const KINDS: Readonly<Record<string, Ask>> = {
  sum: (between) => {
    const [a, b] = [between(2, 40), between(2, 20)];
    return { text: `What is ${a} + ${b}?`, answer: a + b };
  },
  product: (between) => {
    const [a, b] = [between(2, 20), between(2, 12)];
    return { text: `What is ${a} times ${b}?`, answer: a * b };
  },
  larger: (between) => {
    const a = between(10, 99);
    const b = a === 99 ? between(10, 98) : between(a + 1, 99);
    const [first, second] = between(0, 1) === 0 ? [a, b] : [b, a];
    return { text: `Which number is larger, ${first} or ${second}?`, answer: Math.max(a, b) };
  },
  story: (between) => {
    const [a, b] = [between(2, 20), between(2, 9)];
    const name = NAMES[between(0, NAMES.length - 1)]!;
    const things = THINGS[between(0, THINGS.length - 1)]!;
    return {
      text: `${name} has ${a} ${things} and gets ${b} more. How many ${things} does ${name} have now?`,
      answer: a + b,
    };
  },
};

export const EASY_KINDS = Object.keys(KINDS);

/** How the answer is to be written, so that it can be found and told right from wrong. */
const FORMAT = "Think step by step and end with 'Answer: <number>'.";

const MAX_DRAWS = 200;

/** Question number `index` of stream `seed`. */
export function easyProblem(kind: string, split: Split, seed: number, index: number): EasyProblem {
  const ask = KINDS[kind];
  if (ask === undefined) throw invalidField("kind", `must be one of ${EASY_KINDS.join(", ")}, got ${kind}`);
  const rng = createRng("easy", split, seed, kind, index);
  const between = (low: number, high: number): number => low + rng.int(high - low + 1);
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const { text, answer } = ask(between);
    if (splitOfText(text) !== split) continue;
    const id = `${split}-${seed}-${kind}-${index}`;
    return { id, problem: `${text} ${FORMAT}`, answer: String(answer) };
  }
  throw new ServiceError("internal", `no ${split} question of kind ${kind} in ${MAX_DRAWS} draws`);
}

/** The split that owns a question. */
function splitOfText(text: string): Split {
  const bucket = createRng("easy split", text).int(10);
  return bucket < 4 ? "test" : bucket === 4 ? "validation" : "train";
}
