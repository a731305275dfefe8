import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "#shared/lm/graph/builder.js";
import { linear, type LinearMap } from "#shared/lm/graph/linear.js";
import { WeightPlan } from "#shared/lm/graph/weight-plan.js";
import { floatTensor, Session } from "#shared/lm/runtime/session.js";
import type { Precision } from "#shared/lm/types.js";
import { createRng } from "#shared/rng.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";

const directory = await temporaryDirectory();
const random = (count: number, name: string): Float32Array => {
  const rng = createRng(3, name);
  return Float32Array.from({ length: count }, () => rng.normal());
};

const WIDTH = 80;
const tensors = new Map([
  ["a.weight", random(20 * WIDTH, "a")],
  ["b.weight", random(9 * WIDTH, "b")],
  ["a.bias", random(20, "a.bias")],
  ["b.bias", random(9, "b.bias")],
]);
const source = { tensors: new Map(), paths: [], read: async (name: string) => tensors.get(name)!.slice() };

/** Rows 5 to 8 of a, then all of b, then row 0 of a; doubled. */
const map: LinearMap = {
  name: "map",
  parts: [
    { name: "a", from: 5, rows: 4 },
    { name: "b", from: 0, rows: 9 },
    { name: "a", from: 0, rows: 1 },
  ],
  inputWidth: WIDTH,
  bias: true,
  scale: 2,
};

/** In float64, from the definition. */
function reference(x: Float32Array, row: number): number[] {
  return map.parts.flatMap(({ name, from, rows }) =>
    Array.from({ length: rows }, (_, i) => {
      let sum = tensors.get(`${name}.bias`)![from + i]!;
      for (let k = 0; k < WIDTH; k++) {
        sum += 2 * tensors.get(`${name}.weight`)![(from + i) * WIDTH + k]! * x[row * WIDTH + k]!;
      }
      return sum;
    }),
  );
}

async function run(precision: Precision, x: Float32Array): Promise<Float32Array> {
  const graph = new GraphBuilder("linear");
  const plan = new WeightPlan(graph, `${precision}.bin`);
  const input = graph.input("x", "float32", ["rows", WIDTH]);
  graph.output("y", linear(graph, plan, precision, input, map), "float32", ["y", 14]);
  const bytes = Buffer.alloc(plan.byteLength);
  for (const { ranges, make } of plan.weights) {
    const arrays = await make(source);
    for (const [i, { offset, byteLength }] of ranges.entries()) {
      const { buffer, byteOffset } = arrays[i]!;
      expect(arrays[i]!.byteLength).toBe(byteLength);
      expect(offset % 4096).toBe(0);
      bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    }
  }
  await writeFile(join(directory, `${precision}.bin`), bytes);
  await writeFile(join(directory, "linear.onnx"), graph.build());
  const session = await Session.create(join(directory, "linear.onnx"), 1);
  try {
    const feeds = { x: floatTensor(x, [x.length / WIDTH, WIDTH]) };
    return (await session.run(feeds, ["y"]))["y"]!;
  } finally {
    await session.dispose();
    await rm(join(directory, "linear.onnx"));
  }
}

// Rounding errors of 80 products of standard normals, doubled: 8-bit on both sides, 4-bit weights.
describe.each([
  ["fp32", 1e-4],
  ["int8", 1],
  ["int4", 8],
] as const)("%s", (precision, atol) => {
  const x = random(5 * WIDTH, "x");
  x.fill(0, WIDTH, 2 * WIDTH);

  test("stacks row ranges, scales the weights and adds the bias; a row of zeros gives the bias", async () => {
    const y = await run(precision, x);
    const expected = [0, 1, 2, 3, 4].flatMap((row) => reference(x, row));
    expect(y).toBeAllclose(expected, { atol });
    expect(y.subarray(14, 28)).toBeAllclose(reference(x, 1), { atol: 1e-6 });
  });
});

test("int8 bears a channel that is far larger than the others", async () => {
  const x = random(8 * WIDTH, "outlier");
  // Without the rotation a step would be 100 / 127 for all of them: errors of 10 and more.
  for (let row = 0; row < 8; row++) x[row * WIDTH + 5] = 100;
  const expected = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((row) => reference(x, row));
  expect(await run("int8", x)).toBeAllclose(expected, { atol: 5 });
});
