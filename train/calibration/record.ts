/**
 * Makes the Solves that a layout asks for, several problems at a time since wall time is no result here. Each is kept on
 * disk as soon as it is there, so that an interrupted run goes on where it stood. Knows no service.
 */
import { join } from "node:path";
import { widenHalf } from "#shared/half.js";
import { openJsonLines } from "../files.js";
import type { FileProblem } from "../problem-files/problem-file.js";
import { mapConcurrently } from "../rollouts.js";
import { seedOf, solveOnce, type Solver } from "../strategies/measure.js";
import { openRecordStore, type RecordStore } from "../strategies/record-store.js";
import type { SolveRecord } from "../strategies/solve-record.js";
import { armsOf, type Layout } from "./layout.js";
import { type Observation, toObservation } from "./observation.js";

/** binary16 [hidden states * width] at the last token of the problem's prompt. */
export type ReadPrompt = (problem: FileProblem) => Promise<Uint16Array>;

export interface Recording {
  readonly problems: readonly FileProblem[];
  readonly layout: Layout;
  readonly seed: number;
  /** Made for these settings. */
  readonly directory: string;
  readonly solver: Solver;
  readonly readPrompt: ReadPrompt;
  /** After every Solve; `isNew`: not of an earlier run. */
  readonly onSolve: (arm: string, isNew: boolean) => void;
}

const PROBLEMS_AT_A_TIME = 4;

/** In the order of the problems. After a failure nothing more is begun, and what is under way is kept. */
export async function recordAll(recording: Recording, signal: AbortSignal): Promise<Observation[]> {
  const { problems, directory } = recording;
  const store = await openRecordStore(join(directory, "solves.jsonl"));
  const prompts = await openPrompts(join(directory, "prompts.jsonl"), recording.readPrompt);
  const failures: unknown[] = [];
  const goOn = (): boolean => {
    if (signal.aborted) failures.push(signal.reason);
    return failures.length === 0;
  };
  try {
    const observations = await mapConcurrently(problems, PROBLEMS_AT_A_TIME, (problem, index) =>
      recordOne(recording, { problem, index, store, prompts, goOn }).catch((error: unknown) => {
        failures.push(error);
        return undefined;
      }),
    );
    if (failures.length > 0) throw failures[0];
    return observations.filter((observation) => observation !== undefined);
  } finally {
    await store.close();
    await prompts.close();
  }
}

interface Place {
  readonly problem: FileProblem;
  readonly index: number;
  readonly store: RecordStore;
  readonly prompts: Prompts;
  readonly goOn: () => boolean;
}

/** Undefined when it did not come to its end. */
async function recordOne(
  { layout, seed, solver, onSolve }: Recording,
  { problem, index, store, prompts, goOn }: Place,
): Promise<Observation | undefined> {
  const records: SolveRecord[] = [];
  for (const [place, arm] of armsOf(layout).entries()) {
    if (!goOn()) return undefined;
    // Seeds of their own: parts of different Solves are put together as one search's.
    records.push(await solveOnce(problem, arm, seedOf(seed, index, place), solver, { store, onSolve }));
  }
  return toObservation(problem.id, records, await prompts.read(problem));
}

interface PromptLine {
  readonly id: string;
  /** base64, little-endian. */
  readonly state: string;
}

interface Prompts {
  read(problem: FileProblem): Promise<Float32Array>;
  close(): Promise<void>;
}

async function openPrompts(path: string, readPrompt: ReadPrompt): Promise<Prompts> {
  const { lines, file } = await openJsonLines(path);
  const known = new Map((lines as PromptLine[]).map(({ id, state }) => [id, state]));
  return {
    async read(problem) {
      const { id } = problem;
      if (!known.has(id)) {
        const halves = await readPrompt(problem);
        const state = Buffer.from(halves.buffer, halves.byteOffset, halves.byteLength).toString("base64");
        await file.append({ id, state });
        known.set(id, state);
      }
      // Copied: the buffer need not be aligned to two bytes.
      const halves = new Uint16Array(new Uint8Array(Buffer.from(known.get(id)!, "base64")).buffer);
      const state = new Float32Array(halves.length);
      widenHalf(halves, state);
      return state;
    },
    close: () => file.close(),
  };
}
