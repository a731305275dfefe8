import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SwiftReport } from "#train/evaluation/swift/report.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { describeWithModels, shippedPrm } from "../shipped-pair.js";
import { runCli } from "./run-cli.js";

/** The whole bench in a small setting: a minute at most, on the shipped models, through both services. */
describeWithModels("bench swift", () => {
  test("records, trains, measures, races, and goes on from what it has", { timeout: 180_000 }, async () => {
    const directory = await temporaryDirectory();
    const out = join(directory, "out");
    const args = ["bench", "swift", "--prm", shippedPrm, "--training-count", "12", "--test-count", "6"];
    const sizes = ["--rollouts", "6", "--test-rollouts", "4", "--curve", "6", "--end-to-end", "2"];
    const places = ["--work", join(directory, "work"), "--out", out];
    const first = await runCli([...args, ...sizes, ...places, "--json"]);
    expect(first.stderr).not.toContain("deliberate:");
    expect(first.status).toBe(0);
    const events = first.stdout
      .trim()
      .split("\n")
      .map((line): Record<string, unknown> => JSON.parse(line));
    expect(events.at(-1)!["event"]).toBe("report");
    expect(new Set(events.map(({ stage }) => stage))).toContain("test features");

    const report = JSON.parse(await readFile(join(out, "report.json"), "utf8")) as SwiftReport;
    expect(report.testProblems).toBe(6);
    const names = report.auc.map(({ score }) => score);
    for (const name of [
      "SWIFT, as published",
      "swift+lp",
      "SWIFT, logits only",
      "PRM, last step",
      "mean log-prob",
    ])
      expect(names).toContain(name);
    expect(new Set(report.choices.map(({ pick }) => pick))).toEqual(
      new Set(["first", "majority", "best", "vote", "oracle"]),
    );
    const swift = report.costs!.scoring.find(({ scorer }) => scorer === "SWIFT")!;
    expect(swift.bytesPerToken).toBe(8);
    const race = report.endToEnd!;
    expect(race.sameCandidates).toBe(2);
    expect(race.rows.map(({ verifier }) => verifier)).toEqual(["prm", "swift", "rank", "scaled"]);
    expect(race.rows[1]!.verifierTokens).toBe(0);
    expect(await readFile(join(out, "report.svg"), "utf8")).toMatch(/^<svg [^]*<\/svg>\s*$/);
    expect(await readFile(join(out, "report.md"), "utf8")).toContain("## End to end");

    // Nothing is sampled again: the same solutions, so the same rows.
    const second = await runCli([...args, ...sizes, ...places]);
    expect(second.status).toBe(0);
    const again = JSON.parse(await readFile(join(out, "report.json"), "utf8")) as SwiftReport;
    expect(again.choices).toEqual(report.choices);
    expect(again.auc).toEqual(report.auc);
  });

  test.each([
    [["--test-problems", "/nowhere.jsonl"], /nowhere\.jsonl/],
    [["--curve", "10,many"], /many/],
    [["--rollouts", "0"], /rollouts/],
  ])("refuses %j before anything is sampled", async (flags, message) => {
    const directory = await temporaryDirectory();
    const { status, stderr } = await runCli(["bench", "swift", "--out", join(directory, "out"), ...flags]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});
