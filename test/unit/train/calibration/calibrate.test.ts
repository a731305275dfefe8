import { expect, test } from "vitest";
import { calibrate } from "#train/calibration/calibrate.js";
import { createLayout } from "#train/calibration/layout.js";
import { signCalibration } from "#train/calibration/sign.js";
import { parseCalibration } from "#verifier/plan/calibration/calibration-file.js";
import { recordedProblems, type Rules } from "../../../fakes/recorded-problems.js";

const layout = createLayout(8, ["beam", "dvts"], [8]);
const pair = {
  policy: { model: "policy", modelHash: "m", precision: "fp32", chatTemplateHash: "" },
  verifier: { name: "prm" as const, hash: "v" },
  temperature: 0.8,
};
const frame = {
  command: "npx deliberate calibrate",
  problems: { hash: "h", count: 24 },
  seed: 0,
  date: "2026-01-01T00:00:00.000Z",
};

const of = (rules: (problem: number) => Rules) =>
  calibrate(layout, recordedProblems(24, layout, rules), pair, frame, () => {});

const mixed = of((problem) => ({
  passRate: problem / 24,
  searchRate: 0.7,
  promptState: Float32Array.of(problem, problem % 5, 1),
}));

test("the file is what the verifier reads", () => {
  const { text, hash } = signCalibration(mixed, "a.json");
  const read = parseCalibration(text, "a.json");
  expect(read.hash).toBe(hash);
  expect(read.pair).toEqual(pair);
  expect(read.promptProbe!.weights).toEqual(mixed.promptProbe!.weights);
  expect(read.tiers).toEqual(mixed.tiers);
  const { measured } = JSON.parse(text) as { measured: Record<string, unknown> };
  expect(measured).toMatchObject({ ...frame, samples: 8 });
});

test("one number changed, and it is refused", () => {
  const { text } = signCalibration(mixed, "a.json");
  const edited = text.replace(/"widthCap": (\d+)/, (_, cap: string) => `"widthCap": ${Number(cap) - 1}`);
  expect(edited).not.toBe(text);
  expect(() => parseCalibration(edited, "a.json")).toThrow(/must be as it was written/);
});

test("without prompt states there is no probe", () => {
  const calibrated = of((problem) => ({ passRate: problem / 24, searchRate: 0.7 }));
  expect(calibrated.promptProbe).toBeUndefined();
  expect(calibrated.measured.difficulty.map(({ from }) => from)).toEqual(["samples"]);
  signCalibration(calibrated, "a.json");
});

test("the same recordings give the same file", () => {
  const again = of((problem) => ({
    passRate: problem / 24,
    searchRate: 0.7,
    promptState: Float32Array.of(problem, problem % 5, 1),
  }));
  expect(signCalibration(again, "a.json")).toEqual(signCalibration(mixed, "a.json"));
});

test.each([
  [1, /all 8 samples of all 24 problems are right.*harder/],
  [0, /are wrong.*easier/],
])("refuses problems that are all solved at rate %d", (passRate, message) => {
  expect(() => of(() => ({ passRate, searchRate: 0.5 }))).toThrow(message);
});

test("needs no searches: samples are counted or weighed", () => {
  const samples = createLayout(16, [], []);
  const observations = recordedProblems(30, samples, (problem) => ({
    passRate: problem / 30,
    searchRate: 0,
  }));
  const { tiers } = calibrate(samples, observations, pair, frame, () => {});
  const strategies = new Set(tiers.flatMap(({ rows }) => rows.map(({ strategy }) => strategy)));
  expect([...strategies].every((name) => name === "best_of_n" || name === "majority")).toBe(true);
});
