import { describe, expect, test } from "vitest";
import { createRng } from "#shared/rng.js";
import type { AuditReport, StepSample } from "#verifier/ports.js";
import { SwiftAuditor } from "#verifier/score/swift/audit.js";
import type { SwiftHead } from "#verifier/score/swift/head-file.js";
import { createSwiftScorer } from "#verifier/score/swift/scorer.js";
import { manualClock } from "../../../../fakes/manual-clock.js";
import { scriptedPolicy } from "../../../../fakes/scripted-policy.js";
import { runSearch } from "../../../../fakes/search-run.js";
import { swiftHead, swiftRow } from "../../../../fakes/swift-head.js";
import { SWIFT_POLICY, withStates } from "../../../../fakes/swift-policy.js";

const signal = new AbortController().signal;
const rows = { gate: swiftRow([1, 2, 3, 4], 0.5), reward: swiftRow([5, 6, 7, 8], -0.25) };
const head = swiftHead(SWIFT_POLICY.modelHash, [2, 0], rows);
const ungated = swiftHead(SWIFT_POLICY.modelHash, [1], { gate: undefined, reward: swiftRow([2, -3], 1) });

function step(nodeId: number, parentId: number, tokens = 3): StepSample {
  const none = { logProbs: Array<number>(tokens).fill(-1), entropies: Array<number>(tokens).fill(1) };
  const tokenIds = Array<number>(tokens).fill(7);
  return {
    nodeId,
    parentId,
    text: "x",
    tokenIds,
    finishReason: "step",
    ...none,
    probeOutputs: new Float32Array(),
  };
}

function audited(served: SwiftHead) {
  const reports: AuditReport[] = [];
  const auditor = new SwiftAuditor(served, 1, (report) => reports.push(report));
  const scorer = createSwiftScorer(served, SWIFT_POLICY, auditor);
  return { auditor, reports, open: () => scorer.open("p", signal), scorer };
}

describe("which Solves are audited", () => {
  const turns = (share: number, solves: number): number[] => {
    const auditor = new SwiftAuditor(head, share, () => undefined);
    return Array.from({ length: solves }, (_, i) => (auditor.next(SWIFT_POLICY) ? i : -1)).filter(
      (i) => i >= 0,
    );
  };

  test.each([
    [0, []],
    [1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [0.5, [0, 2, 4, 6, 8]],
    [0.25, [0, 4, 8]],
    [0.3, [0, 3, 6]],
  ])("a share of %d: %j", (share, expected) => {
    expect(turns(share, 10)).toEqual(expected);
  });

  test("a session says that it needs states, and others that they do not", async () => {
    const scorer = createSwiftScorer(head, SWIFT_POLICY, new SwiftAuditor(head, 0.5, () => undefined));
    const sessions = [await scorer.open("p", signal), await scorer.open("p", signal)];
    expect(sessions.map(({ needsHiddenStates }) => needsHiddenStates)).toEqual([true, false]);
    expect(sessions[1]!.audit!()).toBeUndefined();
  });

  test.each([
    ["logits", { input: { kind: "logits" } }],
    ["normed states", { input: { kind: "hidden", layers: [0, 1], finalNorm: true } }],
  ] as const)("a head over %s cannot be audited, and asking for it is an error", (_, change) => {
    const other: SwiftHead = { ...head, ...change };
    expect(() => new SwiftAuditor(other, 0.1, () => undefined)).toThrow(/must be 0 with the SWIFT head/);
    expect(new SwiftAuditor(other, 0, () => undefined).next(SWIFT_POLICY)).toBeUndefined();
  });
});

describe("both routes", () => {
  test.each([
    ["gated", head],
    ["ungated", ungated],
    ["without the first token", { ...head, span: "without_first" } as const],
  ])("agree on an honest policy's paths, in forks too (%s)", async (_, served) => {
    const { open, reports, auditor } = audited(served);
    const rng = createRng(3);
    const session = await open();
    const tree = [step(1, 0), step(2, 1, 1), step(3, 1), step(4, 3, 5)];
    await session.score(tree.map((each) => withStates(each, served, () => rng.next())));
    const report = session.audit!()!;
    expect(report).toMatchObject({ stepsAudited: 4, mismatches: 0 });
    expect(report.maxDifference).toBeLessThan(1e-6);
    session.close();
    expect(reports).toEqual([]);
    expect(auditor.counts).toEqual({ solves: 1, stepsAudited: 4, mismatches: 0 });
  });

  test("bear the rounding of 16 bits", async () => {
    const { open } = audited(head);
    const rng = createRng(5);
    const session = await open();
    // 11 bits: half a unit in the last place is 2^-11 of the value at most.
    const rounded = (x: number) => x * (1 + (rng.next() - 0.5) * 2 ** -11);
    for (let i = 1; i < 20; i++) {
      const honest = withStates(step(i, i - 1, 8), head, () => rng.next());
      await session.score([{ ...honest, hiddenStates: honest.hiddenStates!.map(rounded) }]);
    }
    expect(session.audit!()).toMatchObject({ stepsAudited: 19, mismatches: 0 });
  });

  test("bear as much of it as a head's own weights make of it, and no more", async () => {
    const heavy = swiftHead(SWIFT_POLICY.modelHash, [2, 0], {
      gate: swiftRow([1, -2, 0.5, 1], 0.5),
      reward: swiftRow([500, -600, 700, 800], -0.25),
    });
    const rng = createRng(6);
    const rounded = (x: number) => x * (1 + (rng.next() - 0.5) * 2 ** -10);
    const rewards = async (lie: number) => {
      const session = await audited(heavy).open();
      for (let i = 1; i <= 200; i++) {
        const { hiddenStates, probeOutputs, ...rest } = withStates(step(i, 0, 3), heavy, () => rng.next());
        const told = probeOutputs.map((x, at) => (at % 2 === 1 ? x + lie : x));
        await session.score([{ ...rest, probeOutputs: told, hiddenStates: hiddenStates!.map(rounded) }]);
      }
      return session.audit!()!;
    };
    const honest = await rewards(0);
    expect(honest.mismatches).toBe(0);
    expect(honest.maxDifference).toBeGreaterThan(0.1);
    expect((await rewards(5)).mismatches).toBeGreaterThan(190);
  });

  test("differ when the policy lies: counted, told once at the end, and no score changes", async () => {
    const { open, reports, auditor } = audited(head);
    const rng = createRng(7);
    const honest = [step(1, 0), step(2, 1), step(3, 0)].map((each) =>
      withStates(each, head, () => rng.next()),
    );
    const lying = honest.map((each, i) =>
      i === 0 ? { ...each, probeOutputs: each.probeOutputs.map((x) => x + 0.01) } : each,
    );
    const [session, plain] = [await open(), await createSwiftScorer(head, SWIFT_POLICY).open("p", signal)];
    expect(await session.score(lying)).toEqual(await plain.score(lying));
    // Step 2 continues the path with the lie in it.
    const report = session.audit!()!;
    expect(report).toMatchObject({ stepsAudited: 3, mismatches: 2 });
    expect(report.maxDifference).toBeGreaterThan(1e-3);
    session.close();
    session.close();
    expect(reports).toEqual([report]);
    expect(auditor.counts).toEqual({ solves: 1, stepsAudited: 3, mismatches: 2 });
  });

  test("cannot be compared without states: a mismatch; what follows is compared again", async () => {
    const { open } = audited(head);
    const rng = createRng(9);
    const [first, second] = [step(1, 0), step(2, 1)].map((each) => withStates(each, head, () => rng.next()));
    const { hiddenStates: _, ...bare } = first!;
    const session = await open();
    await session.score([bare, second!]);
    expect(session.audit!()).toMatchObject({ stepsAudited: 2, mismatches: 1 });
    await session.score([
      { ...step(3, 0), probeOutputs: first!.probeOutputs, hiddenStates: Float32Array.of(1) },
    ]);
    expect(session.audit!()).toMatchObject({ stepsAudited: 3, mismatches: 2 });
  });

  test("are compared as far as states came: of a long step only the first tokens have them", async () => {
    const { open } = audited(head);
    const rng = createRng(11);
    const honest = withStates(step(1, 0, 4), head, () => rng.next());
    const begun = { ...honest, hiddenStates: honest.hiddenStates!.subarray(0, 2 * 6) };
    const lieAt = (token: number) => ({
      ...begun,
      nodeId: 2 + token,
      probeOutputs: begun.probeOutputs.map((x, i) => (Math.floor(i / 2) === token ? x + 1 : x)),
    });
    const session = await open();
    await session.score([begun]);
    expect(session.audit!()).toMatchObject({ stepsAudited: 1, mismatches: 0 });
    await session.score([lieAt(1), lieAt(3)]);
    expect(session.audit!()).toMatchObject({ stepsAudited: 3, mismatches: 1 });
  });

  test("states that are no numbers are a mismatch", async () => {
    const { open } = audited(head);
    const honest = withStates(step(1, 0), head, () => 0.5);
    const session = await open();
    await session.score([{ ...honest, hiddenStates: honest.hiddenStates!.map(() => Infinity) }]);
    expect(session.audit!()).toMatchObject({ mismatches: 1 });
  });
});

describe("a search that is audited", () => {
  const solve = (lie: number) => {
    const { scorer, auditor } = audited(head);
    const policy = scriptedPolicy(
      (place, texts) =>
        texts.length < 2 ? { text: `${place.at(-1)} `, tokens: 2 } : { text: "#### 7", finish: "eos" },
      {
        info: SWIFT_POLICY,
        dress: (sample) => {
          const rng = createRng("states", sample.text);
          const dressed = withStates(sample, head, () => rng.next());
          return { ...dressed, probeOutputs: dressed.probeOutputs.map((x) => x + lie) };
        },
      },
    );
    const ports = { policy, scorer, clock: manualClock() };
    return { policy, auditor, run: runSearch(ports, { strategy: "beam", n: 4, beamWidth: 2 }) };
  };

  test("asks the policy for its states and reports what it found", async () => {
    const { policy, run, auditor } = solve(0);
    const { result } = await run;
    expect(policy.opened[0]).toMatchObject({ includeHiddenStates: true });
    expect(result.audit).toMatchObject({ mismatches: 0, stepsAudited: 12 });
    expect(auditor.counts.stepsAudited).toBe(12);
  });

  test("answers the same when the policy lies, and says so", async () => {
    const { result } = await solve(0.1).run;
    expect(result.audit).toMatchObject({ mismatches: 12, stepsAudited: 12 });
    expect(result.answer).toBe("7");
  });
});
