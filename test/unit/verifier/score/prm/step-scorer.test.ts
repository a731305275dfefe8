/** The PRM as a search sees it: told of the problem when it is to be read, and not before. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { PrmScorer, PrmSession } from "#verifier/score/prm/prm-host.js";
import { toStep } from "#verifier/score/prm/self-check.js";
import { prmStepScorer } from "#verifier/score/prm/step-scorer.js";

const signal = new AbortController().signal;

/** A PRM that takes 7 tokens for a problem and finds every step 0.5; opens when `ready` resolves. */
function prm(ready: Promise<unknown> = Promise.resolve()) {
  const calls: string[] = [];
  const session: PrmSession = {
    promptTokens: 7,
    score: async (steps) => {
      calls.push(`score ${steps.map(({ nodeId }) => nodeId).join(",")}`);
      return steps.map(() => 0.5);
    },
    prune: (nodeIds) => void calls.push(`prune ${nodeIds.join(",")}`),
    usage: () => ({ verifierTokens: 7, flops: 14 }),
    close: () => void calls.push("close"),
  };
  const scorer = {
    name: "prm",
    probes: [],
    info: { hash: "h", flopsPerToken: 2 },
    async open(problem: string) {
      calls.push(`open ${problem}`);
      await ready;
      return session;
    },
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rest of the host is not touched
  } as unknown as PrmScorer;
  return { calls, open: () => prmStepScorer(scorer).open("2+2?", signal) };
}

const step = (nodeId: number) => toStep("4", nodeId, 0);

describe("a session", () => {
  test("that scores nothing costs nothing", async () => {
    const { calls, open } = prm();
    const session = await open();
    session.prune([1]);
    expect(session.usage()).toEqual({ verifierTokens: 0, flops: 0 });
    session.close();
    await nextTurn();
    expect(calls).toEqual([]);
  });

  test("reads the problem once", async () => {
    const { calls, open } = prm();
    const session = await open();
    await Promise.all([session.begin!(), session.begin!()]);
    expect(session.usage()).toEqual({ verifierTokens: 7, flops: 14 });
    expect(await session.score([step(1)])).toEqual([{ score: 0.5, prm: 0.5 }]);
    session.prune([1]);
    session.close();
    await nextTurn();
    expect(calls).toEqual(["open 2+2?", "score 1", "prune 1", "close"]);
  });

  test("reads it for its first step where nobody said so before", async () => {
    const { calls, open } = prm();
    await (await open()).score([step(1)]);
    expect(calls).toEqual(["open 2+2?", "score 1"]);
  });

  test("closed while the problem is being read gives back what was opened", async () => {
    let isReady = (): void => undefined;
    const { calls, open } = prm(new Promise<void>((resolve) => (isReady = resolve)));
    const session = await open();
    const begun = session.begin!();
    session.close();
    isReady();
    await begun;
    await nextTurn();
    expect(calls).toEqual(["open 2+2?", "close"]);
  });

  test("that cannot be opened says so to whoever begins it, and closes quietly", async () => {
    const { open } = prm(Promise.reject(new Error("too long")));
    const session = await open();
    await expect(session.begin!()).rejects.toThrow("too long");
    await expect(session.score([step(1)])).rejects.toThrow("too long");
    session.close();
    await nextTurn();
  });
});
