import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseCalibration } from "#verifier/plan/calibration/calibration-file.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { describeWithModels } from "../shipped-pair.js";
import { jsonLines, runCli, startCli } from "./run-cli.js";

/** The whole of it in a small setting, on the shipped models, through both services. */
describeWithModels("calibrate", () => {
  test("measures a pair and writes what the verifier reads; interrupted, it goes on", {
    timeout: 120_000,
  }, async () => {
    const directory = await temporaryDirectory();
    const problems = join(directory, "problems.jsonl");
    const out = join(directory, "calibration.json");
    await writeFile(problems, (await runCli(["problems", "--count", "20", "--seed", "4242"])).stdout);
    const sizes = ["--widths", "8", "--samples", "16", "--strategies", "dvts", "--reject-below", "0.01"];
    const places = ["--out", out, "--work", join(directory, "work")];
    const args = ["calibrate", "--problems", problems, ...sizes, ...places, "--json"];

    const first = startCli(args);
    await first.until(/"step":12,/);
    first.process.kill("SIGINT");
    const stopped = await first.ended;
    expect(stopped.status).toBe(130);
    expect(stopped.stderr).toMatch(/solves are kept in .*work/);

    const second = await runCli(args);
    expect(second.stderr).not.toContain("deliberate:");
    expect(second.status).toBe(0);
    const last = jsonLines(second.stdout).at(-1)!;
    const calibration = parseCalibration(await readFile(out, "utf8"), out);
    expect(last).toMatchObject({ event: "calibrated", out, hash: calibration.hash });
    expect(calibration.pair).toMatchObject({ verifier: { name: "prm" }, temperature: 0.8 });
    expect(calibration.promptProbe!.weights.some((weight) => weight !== 0)).toBe(true);
    expect(calibration.rejectBelow).toBe(0.01);
    expect(calibration.widthCap).toBeLessThanOrEqual(16);
    const measured = last["measured"] as Record<string, unknown>;
    expect(measured["problems"]).toMatchObject({ count: 20 });
    expect(measured["strategies"]).toContainEqual(expect.objectContaining({ strategy: "dvts", n: 8 }));

    const other = await runCli([...args, "--seed", "1"]);
    expect(other.status).toBe(1);
    expect(other.stderr).toMatch(/begun with seed 0, now 1/);
  });
});
