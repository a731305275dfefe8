import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { StrategiesReport } from "#train/strategies/report/report.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { describeWithModels } from "../shipped-pair.js";
import { jsonLines, runCli, startCli } from "./run-cli.js";

/** Three problems at the smallest budget that tells anything, through both services. */
describeWithModels("bench", () => {
  test("measures, reports, and goes on from what it has", { timeout: 120_000 }, async () => {
    const directory = await temporaryDirectory();
    const problems = join(directory, "problems.jsonl");
    const made = await runCli(["problems", "--level", "1-3", "--count", "6", "--json"]);
    await writeFile(problems, made.stdout);
    const out = join(directory, "out");
    const args = ["bench", "--problems", problems, "--limit", "3", "--budgets", "200", "--out", out];
    const run = (...more: string[]) => runCli([...args, "--strategies", "auto,bon", ...more]);

    const first = await run("--json");
    expect(first.stderr).not.toContain("deliberate:");
    expect(first.status).toBe(0);
    const events = jsonLines(first.stdout);
    expect(events[0]).toMatchObject({ event: "step", stage: "majority@1", step: 1 });
    const report = JSON.parse(await readFile(join(out, "report.json"), "utf8")) as StrategiesReport;
    expect(events.at(-1)).toEqual({ event: "report", rows: report.rows });
    expect(report.strategies).toEqual([
      "auto",
      "bon",
      "majority",
      "greedy",
      "log-prob",
      "oracle",
      "backbone",
    ]);
    expect(report.bounds).toEqual(["oracle"]);
    expect(report).toMatchObject({ problems: 3, seeds: [0], levels: [1, 2, 3], temperature: 0.8 });
    for (const row of report.rows.filter(({ unit, level }) => unit === "tokens" && level === null)) {
      const spent = row.generated_tokens + row.verifier_tokens;
      if (row.spends_budget) expect(spent).toBeCloseTo(200, 6);
      else expect(spent).toBeLessThan(200);
    }
    const majority = report.rows.filter(({ strategy, level }) => strategy === "majority" && level === null);
    expect(majority.map(({ unit }) => unit)).toEqual(["tokens", "flops", "seconds"]);
    expect(majority[1]!.flops).toBeCloseTo(report.budgets.flops[0]!, 0);
    const greedy = report.points.find(({ arm }) => arm === "greedy@1")!;
    expect(greedy.tokens.verifier).toBe(0);
    expect(report.points.find(({ arm }) => arm === "bon@1")!.tokens.verifier).toBeGreaterThan(0);
    expect(await readFile(join(out, "report.html"), "utf8")).toMatch(/^<!doctype html>/i);

    // Nothing is solved again, so only the seconds of this run's own work could differ, and there is none.
    const solves = await readFile(join(out, "solves.jsonl"), "utf8");
    const second = await run();
    expect(second.status).toBe(0);
    expect(second.stdout).toMatch(/^majority +.*\d\.\d{3} \[/m);
    expect(second.stdout).toContain(join(out, "report.html"));
    expect(await readFile(join(out, "solves.jsonl"), "utf8")).toBe(solves);
    const again = JSON.parse(await readFile(join(out, "report.json"), "utf8")) as StrategiesReport;
    expect(again.rows).toEqual(report.rows);

    const other = await run("--temperature", "0.5");
    expect(other.status).toBe(1);
    expect(other.stderr).toMatch(/begun with temperature 0\.8, now 0\.5: .*name another with --out/);
  });

  test("says what is kept and how to go on when it is stopped", { timeout: 60_000 }, async () => {
    const directory = await temporaryDirectory();
    const problems = join(directory, "problems.jsonl");
    await writeFile(problems, (await runCli(["problems", "--count", "40", "--json"])).stdout);
    const out = join(directory, "out");
    const running = startCli(["bench", "--problems", problems, "--budgets", "1k", "--out", out, "--json"]);
    await running.until(/"step":5,/);
    running.process.kill("SIGINT");
    const { status, stderr } = await running.ended;
    expect(status).toBe(130);
    expect(stderr).toMatch(/\d+ solves are kept in .*: the same command goes on with them/);
    expect(stderr).toContain("stopped by SIGINT");
    const kept = (await readFile(join(out, "solves.jsonl"), "utf8")).trim().split("\n");
    expect(kept.length).toBeGreaterThanOrEqual(5);
  });
});
