import { afterEach, describe, expect, test } from "vitest";
import type { ScoreRequest } from "#shared/rpc/gen/deliberate/v1/ScoreRequest.js";
import type { ScoreResponse__Output } from "#shared/rpc/gen/deliberate/v1/ScoreResponse.js";
import { type Rig, type RigOptions, startRig } from "./verifier-rig.js";

/** The machine may be busy. */
const SOON = { timeout: 10_000 };
let rig: Rig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

async function start(options?: RigOptions): Promise<Rig> {
  rig = await startRig(options);
  return rig;
}

/** Sends all requests, half-closes, and reads to the end. */
async function score({ client }: Rig, requests: readonly ScoreRequest[]): Promise<ScoreResponse__Output[]> {
  const call = client.score({ signal: AbortSignal.timeout(10_000) });
  const sending = (async () => {
    for (const request of requests) await call.write(request);
    call.end();
  })();
  sending.catch(() => undefined);
  const responses: ScoreResponse__Output[] = [];
  for await (const response of call.responses) responses.push(response);
  return responses;
}

const begin: ScoreRequest = { start: { problem: "What is 2 + 3 + 4?" } };

describe("Score", () => {
  test("exactly one score per step, in order, and paths fork", async () => {
    const { prm } = await start();
    const [started, first, fork, closed] = await score(rig!, [
      begin,
      { append: { pathId: 0, steps: ["2 + 3 = 5\n", "5 + 4 = 9\n"] } },
      { append: { pathId: 1, steps: ["5 + 4 = 8\n"] } },
    ]);
    expect(started!.started!.problemTokens).toBe(18);
    expect(first!.scores).toEqual({
      pathId: 0,
      scores: [
        { pathId: 1, score: 0.9 },
        { pathId: 2, score: 0.9 },
      ],
    });
    expect(fork!.scores).toEqual({ pathId: 1, scores: [{ pathId: 3, score: 0.1 }] });
    expect(closed!.closed!.verifierTokens).toBe(18 + 30);
    expect(prm!.sessions()).toBe(0);
  });

  test.each<[string, ScoreRequest[], string, RegExp]>([
    [
      "steps before the start",
      [{ append: { pathId: 0, steps: ["x"] } }],
      "failed_precondition",
      /must be start/,
    ],
    ["a second start", [begin, begin], "failed_precondition", /started once/],
    ["an empty problem", [{ start: { problem: "" } }], "invalid_argument", /start\.problem/],
    ["no steps", [begin, { append: { pathId: 0, steps: [] } }], "invalid_argument", /append\.steps/],
    [
      "an empty step",
      [begin, { append: { pathId: 0, steps: ["a", ""] } }],
      "invalid_argument",
      /append\.steps\[1\]/,
    ],
    ["an unknown path", [begin, { append: { pathId: 9, steps: ["a"] } }], "not_found", /path 9/],
    ["nothing", [], "failed_precondition", /must be start/],
  ])("refuses %s and frees the session", async (_what, requests, code, message) => {
    const { prm } = await start();
    await expect(score(rig!, requests)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    await expect.poll(() => prm!.sessions(), SOON).toBe(0);
  });

  test("without a PRM says how to load one", async () => {
    await start({ withPrm: false });
    await expect(score(rig!, [begin])).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringContaining("VERIFIER_PRM"),
    });
  });

  test("a client that vanishes leaves no session behind", async () => {
    const { client, prm } = await start();
    const call = client.score();
    await call.write(begin);
    await expect.poll(() => prm!.sessions(), SOON).toBe(1);
    call.cancel();
    await expect.poll(() => prm!.sessions(), SOON).toBe(0);
    const drained = (async () => {
      for await (const _ of call.responses);
    })();
    await expect(drained).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("Plan", () => {
  test("tells the first samples and what may follow, with rows and reasons, and samples nothing", async () => {
    const { client, generator } = await start();
    const { first, then } = await client.plan({ problem: "What is 2 + 3?" });
    expect(first).toMatchObject({ strategy: "STRATEGY_BEST_OF_N", verifier: "VERIFIER_PRM" });
    expect(then).toHaveLength(3);
    for (const plan of then) {
      expect(plan.row).not.toBe("");
      expect(plan.reason).not.toBe("");
    }
    expect(generator.opens).toEqual([]);
  });

  test("refuses what Solve refuses", async () => {
    const { client } = await start();
    await expect(client.plan({ problem: "" })).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(client.plan({ problem: "p", budget: { flops: -1 } })).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  test("without a generator is unavailable", async () => {
    const { client, generator } = await start();
    await generator.kill();
    await expect(client.plan({ problem: "p" }, { deadlineMs: 3000 })).rejects.toMatchObject({
      code: "unavailable",
    });
  });
});

describe("GetVerifierInfo", () => {
  test("tells the models and the limits, with and without a generator", async () => {
    const { client } = await start();
    const info = await client.getVerifierInfo({});
    expect(info).toMatchObject({
      prmModel: "arithmetic-prm",
      prmParameterCount: 500,
      swiftHead: "",
      policyModel: "scripted",
      policyParameterCount: 1000,
      maxSearches: 32,
      maxCandidates: 256,
    });
  });

  test("leaves the policy empty while the generator cannot be reached", async () => {
    const { client } = await start({ env: { GENERATOR_ADDRESS: "127.0.0.1:9" } });
    expect(await client.getVerifierInfo({})).toMatchObject({ prmModel: "arithmetic-prm", policyModel: "" });
  });
});
