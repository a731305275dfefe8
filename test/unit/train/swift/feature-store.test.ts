import { open, readFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, suite, test } from "vitest";
import { ServiceError } from "#shared/errors.js";
import { fromHalf } from "#shared/half.js";
import { extractFeatures } from "#train/swift/extract-features.js";
import { type Disk, FeatureStore } from "#train/swift/feature-store.js";
import { openStore } from "#train/swift/main.js";
import { recordSwiftRollouts, swiftSampling } from "#train/swift/rollouts.js";
import type { RolloutProblem } from "#train/swift/rollout-records.js";
import { solutionSource } from "#train/swift/solution-source.js";
import { fakeInfo } from "../../../fakes/engine.js";
import { GuessingPolicy, RIGHT, sum, WIDTH } from "../../../fakes/guessing-policy.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";

const signal = new AbortController().signal;
const identity = { features: "hidden", width: WIDTH, modelHash: "aa", precision: "fp32" } as const;
const INPUT = { kind: "hidden", layers: [0, 1, 2], finalNorm: false } as const;
const READS = { input: INPUT, scalars: false, span: "response" } as const;

let directory: string;
let records: RolloutProblem[];
beforeEach(async () => {
  directory = await temporaryDirectory();
  const options = {
    rollouts: 4,
    maxTokens: 32,
    sampling: swiftSampling(fakeInfo.defaultSampling, {}),
    seed: 7,
    directory,
  };
  records = await recordSwiftRollouts(new GuessingPolicy(), [0, 1, 2, 3].map(sum), options, signal);
});

const allBytes = (): Promise<Buffer> => readFile(join(directory, "features-hidden.f16"));

async function extracted(policy = new GuessingPolicy()): Promise<FeatureStore> {
  const store = await openStore(policy, "hidden", directory);
  await extractFeatures(policy, records, store, signal).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  return store;
}

suite("extractFeatures", () => {
  test("stores what the policy said of each token, solution by solution", async () => {
    const store = await extracted();
    const target = new Uint16Array(4 * WIDTH);
    for (const { id, solutions } of records)
      for (const [index, { token_ids }] of solutions.entries()) {
        store.read(id, index, target);
        expect(fromHalf(target[WIDTH]!)).toBe(token_ids[1] === RIGHT ? 4 : -4);
      }
    expect((await allBytes()).length).toBe(4 * 4 * 4 * WIDTH * 2);
    await store.close();
  });

  test("goes on where an earlier run stopped, dropping the problem that was not whole", async () => {
    await (await extracted()).close();
    const whole = await allBytes();
    const index = join(directory, "features-hidden.jsonl");
    const lines = (await readFile(index, "utf8")).split("\n");
    await truncate(index, Buffer.byteLength(`${lines.slice(0, 3).join("\n")}\n`) + 10);
    const policy = new GuessingPolicy();
    const done: number[] = [];
    const store = await openStore(policy, "hidden", directory);
    await extractFeatures(policy, records, store, signal, (tokens) => done.push(tokens));
    await store.close();
    expect(policy.featurized).toHaveLength(2);
    expect(done).toEqual([48, 64]);
    expect((await allBytes()).equals(whole)).toBe(true);
  });

  test("features that are not finite are refused, with their place", async () => {
    const policy = new GuessingPolicy();
    const featurize = policy.featurize.bind(policy);
    policy.featurize = async function* (request) {
      for await (const event of featurize(request)) {
        if (event.kind === "chunk" && event.continuation === 2 && event.firstToken === 2)
          event.values[WIDTH + 3] = 0xfe00;
        yield event;
      }
    };
    await expect(extracted(policy)).rejects.toThrow(
      /must be finite, but number 3 of token 3 of solution 2 of problem p0 is not/,
    );
    expect((await allBytes()).length).toBe(0);
  });

  test("an abort keeps what is finished", async () => {
    const stopping = new AbortController();
    const policy = new GuessingPolicy();
    policy.onFeaturize = () => policy.featurized.length === 3 && stopping.abort(new Error("Ctrl-C"));
    const store = await openStore(policy, "hidden", directory);
    await expect(extractFeatures(policy, records, store, stopping.signal)).rejects.toThrow("Ctrl-C");
    expect(records.filter(({ id }) => store.has(id))).toHaveLength(3);
    await store.close();
  });
});

suite("a disk that is full", () => {
  const diskOf = (changes: Partial<Disk>): Disk => ({
    open: (path) => open(path, "a+").then(async (file) => (await file.close(), open(path, "r+"))),
    free: async () => 1e12,
    ...changes,
  });

  test("is seen before anything is written, with the bytes that are needed", async () => {
    const store = await FeatureStore.open(directory, identity, diskOf({ free: async () => 100 }));
    const policy = new GuessingPolicy();
    const work = extractFeatures(policy, records, store, signal);
    await expect(work).rejects.toThrow(/need 1536 more bytes in .*, but there are 100: make room/);
    await expect(work).rejects.toMatchObject({ code: "resource_exhausted" });
    expect(policy.featurized).toHaveLength(0);
    await store.close();
  });

  test("half-way keeps what is finished, drops the rest, and the same command goes on", async () => {
    let written = 0;
    const full: Disk = diskOf({
      open: async (path) => {
        const file = await diskOf({}).open(path);
        return {
          ...file,
          fd: file.fd,
          sync: () => file.sync(),
          truncate: (length) => file.truncate(length),
          close: () => file.close(),
          write: async (...args: Parameters<typeof file.write>) => {
            written += 1;
            if (written === 12) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
            return file.write(...args);
          },
        } as Awaited<ReturnType<Disk["open"]>>;
      },
    });
    const store = await FeatureStore.open(directory, identity, full);
    const work = extractFeatures(new GuessingPolicy(), records, store, signal);
    // One problem of 4 x 4 tokens is done, and 3 of the second one's 8 chunks: 48 - 6 tokens are left.
    await expect(work).rejects.toThrow(/need 1008 more bytes in .*, but the disk is full/);
    await expect(work).rejects.toBeInstanceOf(ServiceError);
    await store.close();
    expect((await stat(join(directory, "features-hidden.f16"))).size).toBe(16 * WIDTH * 2);
    const policy = new GuessingPolicy();
    await (await extracted(policy)).close();
    expect(policy.featurized).toHaveLength(3);
  });
});

test("features of another model or width are refused", async () => {
  await (await extracted()).close();
  await expect(FeatureStore.open(directory, { ...identity, modelHash: "cc" })).rejects.toThrow(
    /must have the model_hash cc, got aa: delete its directory/,
  );
  await expect(FeatureStore.open(directory, { ...identity, width: 8 })).rejects.toThrow(
    /must have the width 8, got 12/,
  );
});

test("a file of numbers that is shorter than its index says is an error, not zeros", async () => {
  await (await extracted()).close();
  await truncate(join(directory, "features-hidden.f16"), 1000);
  const store = await FeatureStore.open(directory, identity);
  const source = solutionSource(records, READS, { store, hiddenSize: 4 });
  expect(() => source.read(source.examples.length - 1)).toThrow(/must hold 1536 bytes, but ends before/);
  await store.close();
});

suite("solutionSource", () => {
  const rows = (states: Float32Array, count: number, width: number): number[][] =>
    Array.from({ length: count }, (_, t) => [...states.subarray(t * width, (t + 1) * width)]);

  test("gives the layers asked for, in their order, and the scalars behind them", async () => {
    const store = await extracted();
    const features = { store, hiddenSize: 4 };
    const all = solutionSource(records, READS, features);
    const some = solutionSource(
      records,
      { input: { ...INPUT, layers: [2, 0] }, scalars: true, span: "response" },
      features,
    );
    expect([all.width, some.width, some.scalars]).toEqual([12, 11, 3]);
    const [whole, part] = [rows(all.read(5), 4, 12), rows(some.read(5), 4, 11)];
    const { log_probs, entropies } = records[1]!.solutions[1]!;
    for (let t = 0; t < 4; t++) {
      expect(part[t]!.slice(0, 8)).toEqual([...whole[t]!.slice(8, 12), ...whole[t]!.slice(0, 4)]);
      const scalars = [log_probs[t]!, entropies[t]!, entropies[t + 1] ?? 0];
      expect(part[t]!.slice(8)).toBeAllclose(scalars, { atol: 1e-6 });
    }
    await store.close();
  });

  test("without the first token it begins at the second", async () => {
    const store = await extracted();
    const features = { store, hiddenSize: 4 };
    const reads = { ...READS, scalars: true };
    const all = solutionSource(records, reads, features);
    const rest = solutionSource(records, { ...reads, span: "without_first" }, features);
    expect(rest.examples[3]!.tokens).toBe(3);
    expect(rows(rest.read(3), 3, 15)).toEqual(rows(all.read(3), 4, 15).slice(1));
    await store.close();
  });

  test("norms every state when the head reads it so", async () => {
    const store = await extracted();
    const finalNorm = { gain: Float32Array.of(1, 2, 3, 4), epsilon: 1e-5 };
    const plain = solutionSource(records, READS, { store, hiddenSize: 4 });
    const reads = { ...READS, input: { ...INPUT, finalNorm: true } };
    const normed = solutionSource(records, reads, { store, hiddenSize: 4, finalNorm });
    const raw = rows(plain.read(0), 4, 12)[1]!.slice(4, 8);
    const scale = 1 / Math.sqrt(raw.reduce((squares, x) => squares + x * x, 0) / 4 + 1e-5);
    const want = raw.map((x, i) => x * scale * (i + 1));
    expect(rows(normed.read(0), 4, 12)[1]!.slice(4, 8)).toBeAllclose(want, { atol: 1e-5 });
    await store.close();
  });

  test("leaves out what is no label, unless asked", async () => {
    const store = await extracted();
    const graded = records.map((record, i) =>
      i > 0
        ? record
        : {
            ...record,
            solutions: record.solutions.map((each) => ({ ...each, label: "ambiguous" as const })),
          },
    );
    const features = { store, hiddenSize: 4 };
    expect(solutionSource(graded, READS, features).examples).toHaveLength(12);
    expect(solutionSource(graded, READS, features, () => true).examples).toHaveLength(16);
    await store.close();
  });
});
