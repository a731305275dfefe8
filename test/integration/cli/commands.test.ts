import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startFakeGenerator } from "../../fakes/fake-generator.js";
import { type FakeService, startFakeVerifier } from "../../fakes/fake-verifier.js";
import { jsonLines, runCli } from "./run-cli.js";

let service: FakeService | undefined;
afterEach(() => {
  service?.stop();
  service = undefined;
});

describe("generate", () => {
  test("joins the steps of each candidate", async () => {
    service = await startFakeGenerator();
    const args = ["generate", "a prompt", "--n", "2", "--seed", "3", "--json", "--target", service.address];
    const { status, stdout } = await runCli(args);
    expect(status).toBe(0);
    expect(jsonLines(stdout)).toEqual(
      [
        { token_ids: [10, 11, 20, 21], text: "first 0\n#### 7" },
        { token_ids: [30, 31, 40, 41], text: "first 1\n#### 7" },
      ].map((candidate) => ({
        event: "completion",
        prompt_token_ids: [1, 2, 3],
        logprobs: [-0.5, -0.25, -0.5, -0.25],
        finish_reason: "eos",
        ...candidate,
      })),
    );
    expect(service.requests["expand"]).toMatchObject([
      {
        messages: { messages: [{ role: "user", content: "a prompt" }] },
        seed: 3,
        sampling: { temperature: 0 },
      },
      { nodeId: 0, count: 2, until: 2, maxTokens: 64 },
    ]);
  });

  test("--raw sends the prompt as it is, and shows the text after it", async () => {
    service = await startFakeGenerator();
    const { stdout } = await runCli(["generate", "--raw", "Once", "--target", service.address]);
    expect(stdout).toBe("Oncefirst 0\n#### 7\n");
    expect(service.requests["expand"]![0]).toMatchObject({ prompt: "Once" });
  });
});

test("generate tells to add --raw when the model has no chat template", async () => {
  service = await startFakeGenerator({ hasChatTemplate: false });
  const { status, stderr } = await runCli(["generate", "Once", "--target", service.address]);
  expect(status).toBe(2);
  expect(stderr).toContain("fake-policy has none: add --raw");
});

describe("score", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "deliberate-score-"));
    writeFileSync(join(directory, "solution.txt"), "12 - 5 = 7\n7 + 12 = 20 (wrong)\n#### 20\n");
    writeFileSync(join(directory, "empty.txt"), "\n");
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const score = async (file: string, ...args: readonly string[]) => {
    service = await startFakeVerifier({ events: [] });
    const fixed = ["score", "--problem", "a problem", "--solution", join(directory, file)];
    return runCli([...fixed, "--target", service.address, ...args]);
  };

  test("prints a score per step and one of the solution", async () => {
    const { status, stdout } = await score("solution.txt", "--aggregate", "min", "--json");
    expect(status).toBe(0);
    expect(jsonLines(stdout)).toEqual([
      {
        event: "scores",
        steps: [
          { text: "12 - 5 = 7", prm: 0.875, swift: null },
          { text: "7 + 12 = 20 (wrong)", prm: 0.125, swift: null },
          { text: "#### 20", prm: 0.875, swift: null },
        ],
        solution: { prm: 0.125, swift: null },
      },
    ]);
    expect(service!.requests["score"]).toMatchObject([
      { start: { problem: "a problem" } },
      { append: { steps: ["12 - 5 = 7\n", "7 + 12 = 20 (wrong)\n", "#### 20"] } },
    ]);
  });

  test("draws a bar per step", async () => {
    const { stdout } = await score("solution.txt");
    expect(`\n${stdout}`).toMatchInlineSnapshot(`
      "
      .88 ██████████▌   12 - 5 = 7
      .13 █▌            7 + 12 = 20 (wrong)
      .88 ██████████▌   #### 20
      .88 ██████████▌   the solution (last of the steps)
      "
    `);
  });

  test("refuses a solution without steps", async () => {
    const { status, stderr } = await score("empty.txt");
    expect(status).toBe(2);
    expect(stderr).toContain("must not be empty");
  });
});

describe("plan", () => {
  test("prints what would be done, as JSON and for people", async () => {
    service = await startFakeVerifier({ events: [] });
    const args = ["plan", "a problem", "--budget", "4k", "--target", service.address];
    const json = await runCli([...args, "--json"]);
    expect(json.status).toBe(0);
    const [plan] = jsonLines(json.stdout);
    expect(plan).toMatchObject({ event: "plan", first: { strategy: "beam", n: 4 } });
    expect(plan!["then"]).toMatchObject([{ strategy: "majority", row: "easy" }]);
    expect(service.requests["plan"]).toMatchObject([
      { problem: "a problem", budget: { generatedTokens: 4000 } },
    ]);
    expect(`\n${(await runCli(args)).stdout}`).toMatchInlineSnapshot(`
      "
      First
      plan     beam search, 4 candidates, width 2, prm scores, vote weighted by last
               score, temperature 0.8
      why      2 of 4 first samples agree, so there is something to find that a vote
               alone would miss. Estimated pass rate: 40%.

      Then, by how hard it turns out to be
      row      easy
      plan     majority, 4 candidates, majority vote, temperature 0.8
      why      It is easy. Estimated pass rate: 40%.
      "
    `);
  });
});

test("doctor tells what it checked", async () => {
  const { stdout } = await runCli(["doctor", "--json"]);
  const [report] = jsonLines(stdout) as [
    { event: string; checks: { name: string; ok: boolean; detail: string }[] },
  ];
  expect(report.event).toBe("report");
  const byName = new Map(report.checks.map((check) => [check.name, check]));
  expect(byName.get("node")).toEqual({ name: "node", ok: true, detail: process.version });
  expect(byName.get("ports")?.ok).toBe(true);
});
