/** The measurements of the comparison, each the same work for every engine. */
import type { BeamRound } from "./beam-schedule.js";
import type { Sample } from "./cell.js";
import type { Contestant, Rows } from "./contestant.js";
import { watchForeignLoad } from "./foreign-load.js";

export type Task =
  /** `rows` candidates of a prompt write up to `steps` tokens each. Only these are timed. */
  | {
      readonly kind: "decode";
      readonly prompt: readonly number[];
      readonly rows: number;
      readonly steps: number;
    }
  | { readonly kind: "prefill"; readonly prompt: readonly number[] }
  /** From a new prompt to the first step of `rows` candidates, `steps` tokens each. */
  | {
      readonly kind: "first-step";
      readonly prompt: readonly number[];
      readonly rows: number;
      readonly steps: number;
    }
  /** From a new prompt to the last token of the search. */
  | {
      readonly kind: "beam";
      readonly prompt: readonly number[];
      readonly rows: number;
      readonly rounds: readonly BeamRound[];
    };

/** A slow engine stops a decoding after this, having made `LEAST_STEPS`: its speed is known by then. */
const LONGEST_DECODE_MS = 3000;
const LEAST_STEPS = 4;
const WARM_UP_STEPS = 2;

type Work = Omit<Sample, "foreign">;

/** Runs a task once. */
export async function runTask(contestant: Contestant, task: Task): Promise<Sample> {
  if (task.kind !== "prefill") await contestant.prepare(task.rows, longestRow(task));
  else await contestant.prepare(1, task.prompt.length + 1);
  let work: Work;
  let foreign: () => number;
  if (task.kind === "decode") {
    const rows = await contestant.open(task.prompt, task.rows);
    try {
      for (let step = 0; step < WARM_UP_STEPS; step++) await rows.step(forced(step, task.rows));
      foreign = watchForeignLoad();
      work = await decode(rows, task.rows, task.steps, LONGEST_DECODE_MS);
    } finally {
      await rows.close();
    }
  } else {
    foreign = watchForeignLoad();
    const start = performance.now();
    const done = await runWhole(contestant, task);
    work = { ...done, ms: performance.now() - start };
  }
  return { ...work, foreign: foreign() };
}

function longestRow(task: Exclude<Task, { kind: "prefill" }>): number {
  const written =
    task.kind === "beam" ? task.rounds.reduce((sum, { tokens }) => sum + tokens, 0) : task.steps;
  return task.prompt.length + WARM_UP_STEPS + written;
}

async function runWhole(
  contestant: Contestant,
  task: Exclude<Task, { kind: "decode" }>,
): Promise<Omit<Work, "ms">> {
  if (task.kind === "prefill") {
    await contestant.prefill(task.prompt);
    return { steps: 0, tokens: task.prompt.length };
  }
  const rows = await contestant.open(task.prompt, task.rows);
  try {
    if (task.kind === "first-step") return await decode(rows, task.rows, task.steps, Infinity);
    let steps = 0;
    for (const { tokens, parents } of task.rounds) {
      steps += (await decode(rows, task.rows, tokens, Infinity)).steps;
      if (parents.length > 0) await rows.fork(parents);
    }
    return { steps, tokens: steps * task.rows };
  } finally {
    await rows.close();
  }
}

async function decode(rows: Rows, count: number, steps: number, longestMs: number): Promise<Work> {
  const start = performance.now();
  let done = 0;
  while (done < steps && (done < LEAST_STEPS || performance.now() - start < longestMs))
    await rows.step(forced(done++, count));
  return { ms: performance.now() - start, steps: done, tokens: done * count };
}

/** Tokens that no engine chose: what the rows write must not depend on rounding. */
const forced = (step: number, rows: number): number[] =>
  Array.from({ length: rows }, (_, row) => 32 + ((31 * step + 7 * row) % 200));

/** The likeliest continuation, to see that engines run the same model. */
export async function greedy(
  contestant: Contestant,
  prompt: readonly number[],
  length: number,
): Promise<readonly number[]> {
  await contestant.prepare(1, prompt.length + length);
  const written = [await contestant.prefill(prompt)];
  const rows = await contestant.open(prompt, 1);
  try {
    while (written.length < length) written.push((await rows.step([written.at(-1)!]))[0]!);
    return written;
  } finally {
    await rows.close();
  }
}
