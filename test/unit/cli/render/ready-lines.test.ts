import { expect, test } from "vitest";
import { readyLines } from "#cli/render/ready-lines.js";
import type { ReadyEvent } from "#cli/services/ready.js";

const event: ReadyEvent = {
  event: "ready",
  generator: "127.0.0.1:1",
  verifier: "127.0.0.1:2",
  generator_metrics: null,
  verifier_metrics: null,
  policy: "policy",
  policy_parameters: 1000,
  precision: "fp32",
  prm: null,
  prm_parameters: 0,
  swift: null,
  calibration: null,
};
const plain = (text: string): string => text;

test("what runs where is said in a line each", () => {
  expect(readyLines(event, plain)).toEqual([
    "Deliberate is up.",
    "  generator  127.0.0.1:1  policy policy, 1.0k parameters, fp32",
    "  verifier   127.0.0.1:2  no prm",
  ]);
});

test("metrics are said as addresses to open, if there are any", () => {
  const measured = { ...event, generator_metrics: "127.0.0.1:3", verifier_metrics: "127.0.0.1:4" };
  expect(readyLines(measured, plain).slice(3)).toEqual([
    "  metrics    http://127.0.0.1:3/metrics",
    "  metrics    http://127.0.0.1:4/metrics",
  ]);
});
