import { describe, expect, test } from "vitest";
import { prmTable, splitSteps } from "#train/evaluation/swift/prm-scores.js";
import type { RolloutProblem } from "#train/swift/rollout-records.js";
import type { PrmScorer } from "#verifier/score/prm/prm-host.js";

const signal = new AbortController().signal;

describe("splitSteps()", () => {
  test("ends each step with the delimiter, and loses no character but white space", () => {
    expect(splitSteps("a\nb\n#### 3", "\n")).toEqual(["a\n", "b\n", "#### 3"]);
    expect(splitSteps("a\n\nb", "\n")).toEqual(["a\n", "b"]);
    expect(splitSteps("one step", "\n\n")).toEqual(["one step"]);
    expect(splitSteps(" \n ", "\n")).toEqual([]);
  });
});

describe("prmTable()", () => {
  const solution = (text: string, finished = true) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no other field is read
    ({ text, finished }) as RolloutProblem["solutions"][number];
  const records: RolloutProblem[] = [
    {
      id: "p",
      problem: "q",
      answer: "3",
      solutions: [solution("1\n2\n3"), solution("9"), solution("cut", false), solution(" ")],
    },
  ];

  /** Scores a step by its number, and remembers what hung on what. */
  function countingPrm() {
    const edges: [number, number, string][] = [];
    let open = 0;
    const session = {
      promptTokens: 1,
      needsHiddenStates: false,
      score: async (steps: readonly { nodeId: number; parentId: number; text: string }[]) => {
        for (const { nodeId, parentId, text } of steps) edges.push([nodeId, parentId, text]);
        return steps.map(({ text }) => Number(text) / 10);
      },
      close: () => void open--,
    };
    const prm = { open: async () => (open++, session) };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a stand-in for the two methods in use
    return { prm: prm as unknown as PrmScorer, edges, openSessions: () => open };
  }

  test("takes the last step's score of every finished solution, each a chain of its own", async () => {
    const { prm, edges, openSessions } = countingPrm();
    const table = await prmTable(prm, [{ problem: "q" }], records, "\n", signal, () => {});
    expect(table).toEqual([[0.3, 0.9, Number.NaN, Number.NaN]]);
    expect(edges).toEqual([
      [1, 0, "1\n"],
      [2, 1, "2\n"],
      [3, 2, "3"],
      [4, 0, "9"],
    ]);
    expect(openSessions()).toBe(0);
  });
});
