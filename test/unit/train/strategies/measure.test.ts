import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ServiceError } from "#shared/errors.js";
import type { ArmSpec } from "#train/strategies/arm.js";
import { climb, type MeasureRun, type Solver } from "#train/strategies/measure.js";
import { openRecordStore } from "#train/strategies/record-store.js";
import { solve } from "../../../fakes/solve-records.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";

const problems = ["a", "b"].map((id) => ({ id, problem: `${id}?`, answer: "1" }));
const largest = { tokens: 40, flops: 0, seconds: 0 };

/** A candidate costs ten tokens. Throws `failure` at the call that `failAt` names. */
function fakeSolver(failAt = Infinity, failure = new Error("the service died")) {
  const calls: string[] = [];
  const solver: Solver = {
    solve: ({ id }, { name, n }: ArmSpec, seed) => {
      if (calls.length === failAt) return Promise.reject(failure);
      calls.push(`${name} ${id} ${seed}`);
      return Promise.resolve(solve({ id, arm: name, seed, spent: { generatedTokens: 10 * n! } }));
    },
  };
  return { solver, calls };
}

async function withStore<T>(path: string, work: (run: MeasureRun, seen: string[]) => Promise<T>): Promise<T> {
  const store = await openRecordStore(path);
  const seen: string[] = [];
  const onSolve: MeasureRun["onSolve"] = (arm, isNew) => void seen.push(`${arm} ${isNew ? "new" : "kept"}`);
  try {
    const onTooLarge: MeasureRun["onTooLarge"] = (arm, why) => void seen.push(`${arm} too large: ${why}`);
    return await work({ problems, seeds: 2, seed: 7, smallestBudget: 20, store, onSolve, onTooLarge }, seen);
  } finally {
    await store.close();
  }
}

test("climbs until the largest budget is spent, every arm with the same seeds", async () => {
  const { solver, calls } = fakeSolver();
  const path = join(await temporaryDirectory(), "solves.jsonl");
  const arms = await withStore(path, (run) => climb("bon", largest, solver, run));
  expect(arms.map(({ name, cost }) => [name, cost.tokens])).toEqual([
    ["bon@1", 10],
    ["bon@2", 20],
    ["bon@4", 40],
  ]);
  expect(calls.slice(0, 5)).toEqual(["bon@1 a 7", "bon@1 a 8", "bon@1 b 1007", "bon@1 b 1008", "bon@2 a 7"]);
});

test("an interrupted run goes on where it stood, without the line that was torn", async () => {
  const path = join(await temporaryDirectory(), "solves.jsonl");
  await expect(withStore(path, (run) => climb("bon", largest, fakeSolver(6).solver, run))).rejects.toThrow(
    "the service died",
  );
  await appendFile(path, '{"id":"b","arm":"bon@2","se');

  const rest = fakeSolver();
  const seen = await withStore(path, async (run, told) => {
    await climb("bon", largest, rest.solver, run);
    return told;
  });
  expect(rest.calls).toEqual([
    "bon@2 b 1007",
    "bon@2 b 1008",
    "bon@4 a 7",
    "bon@4 a 8",
    "bon@4 b 1007",
    "bon@4 b 1008",
  ]);
  expect(seen).toEqual([
    ...["bon@1", "bon@1", "bon@1", "bon@1", "bon@2", "bon@2"].map((arm) => `${arm} kept`),
    ...["bon@2", "bon@2", "bon@4", "bon@4", "bon@4", "bon@4"].map((arm) => `${arm} new`),
  ]);
  expect((await readFile(path, "utf8")).trim().split("\n")).toHaveLength(12);

  const none = fakeSolver(0);
  const again = await withStore(path, (run) => climb("bon", largest, none.solver, run));
  expect(again.map(({ solves }) => solves.length)).toEqual([4, 4, 4]);
});

test("a ladder ends before what the services have no memory for; the smallest arm must fit", async () => {
  const failure = new ServiceError("resource_exhausted", "too many rows");
  const climbTo = async (failAt: number) => {
    const path = join(await temporaryDirectory(), "solves.jsonl");
    return withStore(path, async (run, told) => ({
      arms: await climb("bon", largest, fakeSolver(failAt, failure).solver, run),
      told,
    }));
  };
  const { arms, told } = await climbTo(9);
  expect(arms.map(({ name }) => name)).toEqual(["bon@1", "bon@2"]);
  expect(told.at(-1)).toBe("bon@4 too large: too many rows");
  await expect(climbTo(1)).rejects.toBe(failure);
});
