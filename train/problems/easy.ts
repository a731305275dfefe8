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

/** A few hundred questions between them. */
const KINDS: Readonly<Record<string, Ask>> = {
  sum: (between) => {
    const [a, b] = [between(2, 20), between(2, 20)];
    return { text: `What is ${a} + ${b}?`, answer: a + b };
  },
  product: (between) => {
    const [a, b] = [between(2, 12), between(2, 12)];
    return { text: `What is ${a} times ${b}?`, answer: a * b };
  },
};

export const EASY_KINDS = Object.keys(KINDS);

/**
 * Worked examples before the question. A small chat model that is only asked to think step by step rambles, and a fifth
 * of its texts hold no answer.
 */
const EXAMPLES = [
  "Question: What is 14 + 9?\nWork: 14 + 9 = 23\nAnswer: 23",
  "Question: What is 6 times 8?\nWork: 6 x 8 = 48\nAnswer: 48",
  "Question: What is 5 + 18?\nWork: 5 + 18 = 23\nAnswer: 23",
];

const ask = (text: string): string => [...EXAMPLES, `Question: ${text}\nWork:`].join("\n\n");

const MAX_DRAWS = 200;

/** Question number `index` of stream `seed`. */
export function easyProblem(kind: string, split: Split, seed: number, index: number): EasyProblem {
  const draw = KINDS[kind];
  if (draw === undefined) throw invalidField("kind", `must be one of ${EASY_KINDS.join(", ")}, got ${kind}`);
  const rng = createRng("easy", split, seed, kind, index);
  const between = (low: number, high: number): number => low + rng.int(high - low + 1);
  for (let tries = 0; tries < MAX_DRAWS; tries++) {
    const { text, answer } = draw(between);
    if (splitOfText(text) !== split) continue;
    const id = `${split}-${seed}-${kind}-${index}`;
    return { id, problem: ask(text), answer: String(answer) };
  }
  throw new ServiceError("internal", `no ${split} question of kind ${kind} in ${MAX_DRAWS} draws`);
}

/** The split that owns a question. */
function splitOfText(text: string): Split {
  const bucket = createRng("easy split", text).int(10);
  return bucket < 4 ? "test" : bucket === 4 ? "validation" : "train";
}
