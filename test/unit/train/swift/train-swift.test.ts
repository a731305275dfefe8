import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, suite, test } from "vitest";
import { readSwiftHead } from "#verifier/score/swift/head-file.js";
import { type SwiftProgress, type TrainSwiftOptions, trainSwift } from "#train/swift/main.js";
import { swiftSampling } from "#train/swift/rollouts.js";
import { HEAD_DEFAULTS } from "#train/swift/train-head.js";
import { fakeInfo } from "../../../fakes/engine.js";
import { GuessingPolicy, sum } from "../../../fakes/guessing-policy.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";

const signal = new AbortController().signal;
const INPUT = { kind: "hidden", layers: [0, 1, 2], finalNorm: false } as const;

let directory: string;
let progress: SwiftProgress[];
let options: TrainSwiftOptions;
beforeEach(async () => {
  directory = await temporaryDirectory();
  progress = [];
  options = {
    problems: Array.from({ length: 30 }, (_, i) => sum(i)),
    rollouts: {
      rollouts: 4,
      maxTokens: 32,
      sampling: swiftSampling(fakeInfo.defaultSampling, {}),
      seed: 5,
    },
    head: { ...HEAD_DEFAULTS, learningRate: 1e-2, seed: 5 },
    reads: { input: INPUT, scalars: false, span: "response" },
    directory: join(directory, "work"),
    out: join(directory, "head.safetensors"),
    command: "npx deliberate train swift --seed 5",
    onProgress: (each) => progress.push(each),
  };
});

suite("trainSwift", () => {
  test("writes a head that is bound to its policy, and a card that says how it came about", async () => {
    const policy = new GuessingPolicy();
    policy.cutEvery = 4;
    const result = await trainSwift(policy, options, signal);
    const head = await readSwiftHead(options.out);
    expect(head).toMatchObject({
      input: INPUT,
      span: "response",
      provenance: {
        modelHash: fakeInfo.modelHash,
        precision: "fp32",
        adapter: "",
        sampling: { temperature: 0.8, topP: 1, minP: 0, repetitionPenalty: 1 },
      },
    });
    expect(head.reward.weights).toHaveLength(12);
    expect(result.validationAucWithin).toBeGreaterThan(0.9);
    const { right, wrong } = result.labels;
    expect(result.labels).toMatchObject({ ambiguous: 0, unfinished: 30 });
    const card = await readFile(join(directory, "head.md"), "utf8");
    for (const part of [
      options.command,
      `${right} right, ${wrong} wrong, 0 ambiguous, 30 unfinished, of 120`,
      `${result.epochs}, best ${result.bestEpoch}`,
      "24 to train, 6 to validate",
      `${result.validationAucWithin!.toFixed(4)} within a problem`,
    ])
      expect(card).toContain(part);
    expect(new Set(progress.map(({ stage }) => stage))).toEqual(
      new Set(["rollouts", "features", "training"]),
    );
  });

  test("is the same after an interruption in any of its stages", async () => {
    await trainSwift(new GuessingPolicy(), options, signal);
    const whole = await readFile(options.out);
    for (const stage of ["rollouts", "features", "training"] as const) {
      const again = {
        ...options,
        directory: join(directory, stage),
        out: join(directory, `${stage}.safetensors`),
      };
      const stopping = new AbortController();
      const interrupted = trainSwift(
        new GuessingPolicy(),
        { ...again, onProgress: (each) => each.stage === stage && stopping.abort(new Error("Ctrl-C")) },
        stopping.signal,
      );
      await expect(interrupted).rejects.toThrow("Ctrl-C");
      expect(existsSync(again.out)).toBe(false);
      await trainSwift(new GuessingPolicy(), again, signal);
      expect((await readFile(again.out)).equals(whole)).toBe(true);
    }
  });

  test("another head from the same work samples and extracts nothing again", async () => {
    await trainSwift(new GuessingPolicy(), options, signal);
    const policy = new GuessingPolicy();
    const reads = { ...options.reads, scalars: true, span: "without_first" } as const;
    await trainSwift(policy, { ...options, reads, out: join(directory, "lp.safetensors") }, signal);
    expect([policy.opened, policy.featurized]).toEqual([[], []]);
    const head = await readSwiftHead(join(directory, "lp.safetensors"));
    expect([head.span, head.reward.scalars.length]).toEqual(["without_first", 3]);
  });

  test("leaves nothing half-written when it fails", async () => {
    const policy = new GuessingPolicy();
    // All labels equal.
    options = { ...options, problems: options.problems.map((each) => ({ ...each, answer: "-7" })) };
    await expect(trainSwift(policy, options, signal)).rejects.toThrow(/needs right and wrong solutions/);
    expect(await readdir(directory)).toEqual(["work"]);
  });
});
