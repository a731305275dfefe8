import { afterEach, describe, expect, test } from "vitest";
import { type FakeService, type SolveScript, startFakeVerifier } from "../../fakes/fake-verifier.js";
import { BEAM_EVENTS, BEAM_SCRIPT, NO_ANSWER_SCRIPT, SOLVED } from "../../fakes/search-script.js";
import { jsonLines, runCli, startCli } from "./run-cli.js";

let verifier: FakeService | undefined;
afterEach(() => {
  verifier?.stop();
  verifier = undefined;
});

async function solve(script: SolveScript, args: readonly string[], stdin = "") {
  verifier = await startFakeVerifier(script);
  return runCli(["solve", ...args, "--target", verifier.address], stdin);
}

describe("solve --json", () => {
  test("prints every event, and last what scripts rely on", async () => {
    const { status, stdout, stderr } = await solve(BEAM_SCRIPT, ["a problem", "--json"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const events = jsonLines(stdout);
    expect(events).toHaveLength(BEAM_SCRIPT.events.length);
    expect(events[0]).toMatchObject({ event: "plan_chosen", plan: { strategy: "beam", n: 4 } });
    expect(events[1]).toEqual({
      event: "node_added",
      node_id: 1,
      parent_id: 0,
      depth: 1,
      subtree: 0,
      text: "12 - 5 = 7\n",
      finish_reason: "step",
      token_count: 8,
      mean_log_prob: -0.25,
      mean_entropy: 0,
    });
    expect(events.at(-1)).toEqual({
      event: "solved",
      answer: "19",
      solution: "12 - 5 = 7\n7 + 12 = 19\n#### 19",
      confidence: 0.72,
      plan: {
        strategy: "beam",
        n: 4,
        beam_width: 2,
        verifier: "prm",
        aggregation: "last",
        vote: "weighted",
        temperature: 0.8,
        row: "policy<7B, pass@1 0.1-0.5",
        reason: "2 of 4 first samples agree, so there is something to find that a vote alone would miss.",
        reject_below: 0,
        estimated_pass_rate: 0.4,
        calibrated: false,
      },
      candidates: SOLVED.candidates.map(({ nodeId, stepScores, meanLogProb, ...rest }) => ({
        ...rest,
        node_id: nodeId,
        step_scores: stepScores,
        mean_log_prob: meanLogProb,
        swift_score: null,
        prm_score: null,
        mean_entropy: 0,
        token_count: 0,
        subtree: 0,
      })),
      votes: SOLVED.votes,
      usage: {
        prompt_tokens: 40,
        cached_prompt_tokens: 32,
        generated_tokens: 72,
        kept_tokens: 48,
        pruned_tokens: 16,
        cancelled_tokens: 8,
        verifier_tokens: 64,
        flops: 2.4e9,
        wall_ms: 1250,
      },
      stop_reason: "finished",
      exhausted: "unspecified",
      warning: "",
      audit: null,
    });
  });

  test("passes every flag on", async () => {
    const flags =
      "--strategy bon --n 8 --verifier swift --vote min-max --budget 20k --timeout 1.5s --seed 7 --priority -3 --reject-below 0.05 --temperature 0.5 --top-k 3 --stop \\n\\n";
    await solve(BEAM_SCRIPT, ["-", "--json", ...flags.split(" ")], "a problem\nof two lines\n");
    expect(verifier!.requests["solve"]![0]).toMatchObject({
      problem: "a problem\nof two lines",
      strategy: 4,
      n: 8,
      verifier: 2,
      aggregation: 2,
      vote: 2,
      seed: 7,
      priority: -3,
      rejectBelow: 0.05,
      budget: { generatedTokens: 20_000, wallTime: { seconds: 1, nanos: 500_000_000 } },
      sampling: { temperature: 0.5, topK: 3, stop: ["\n\n"] },
    });
  });
});

test("the answer goes to stdout, how it went to stderr", async () => {
  const { status, stdout, stderr } = await solve(BEAM_SCRIPT, ["a problem"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^answer {3}19 {2}confidence 72%\nvotes {4}19 █+/);
  expect(stdout).toContain("64 verifier tokens, 2.4 GFLOP");
  expect(stderr).toContain("a problem");
  expect(stderr).toContain("step   5 < 1      .94  7 + 12 = 19");
});

describe("exit status", () => {
  test("3 when the budget ended without an answer", async () => {
    const human = await solve(NO_ANSWER_SCRIPT, ["a problem", "--budget", "20"]);
    expect(human.status).toBe(3);
    expect(human.stdout).toContain("no candidate finished before the budget ended");
    verifier!.stop();
    const json = await solve(NO_ANSWER_SCRIPT, ["a problem", "--budget", "20", "--json"]);
    expect(json.status).toBe(3);
    expect(jsonLines(json.stdout).at(-1)).toMatchObject({
      event: "solved",
      answer: "",
      stop_reason: "budget",
    });
  });

  test("2 when the verifier refuses the request, 1 when it fails", async () => {
    const refusal = { code: 3, message: "problem must have at most 100 bytes, got 200: shorten it" };
    const refused = await solve({ events: [], fail: refusal }, ["a problem"]);
    expect(refused).toMatchObject({ status: 2, stdout: "" });
    expect(refused.stderr).toContain(`deliberate: ${refusal.message}`);
    verifier!.stop();
    const failed = await solve({ events: BEAM_EVENTS, fail: { code: 13, message: "internal error" } }, ["x"]);
    expect(failed.status).toBe(1);
    verifier!.stop();
    const broken = await solve({ events: BEAM_EVENTS }, ["x"]);
    expect(broken.status).toBe(1);
    expect(broken.stderr).toContain("must end a search with Solved");
  });

  test("1 soon when nothing answers at the target", async () => {
    const { status, stderr } = await runCli(["solve", "x", "--target", "127.0.0.1:9"]);
    expect(status).toBe(1);
    expect(stderr).toContain("nothing answers at 127.0.0.1:9");
  });

  test("130 on Ctrl-C, and the verifier is told at once", async () => {
    verifier = await startFakeVerifier({ events: BEAM_EVENTS, hang: true });
    const cli = startCli(["solve", "x", "--target", verifier.address]);
    await cli.until(/step {3}8 < 6/);
    cli.process.kill("SIGINT");
    expect(await cli.ended).toMatchObject({ status: 130 });
    await expect.poll(() => verifier!.cancelled).toEqual(["solve"]);
  });
});

describe("bad input", () => {
  test.each(["solve x --budget NaN", "solve x --strategy clever", "frobnicate"])("%s is 2", async (args) => {
    const { status, stdout, stderr } = await runCli(args.split(" "));
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^error: /);
  });

  test("is a problem longer than a megabyte on stdin", async () => {
    const { status, stderr } = await runCli(["solve", "-"], "x".repeat(10_000_000));
    expect(status).toBe(2);
    expect(stderr).toContain("must have at most 1048576 bytes");
  });
});
