import { describe, expect, test } from "vitest";
import {
  aggregate,
  createPath,
  duplicateKey,
  type Group,
  type Path,
  release,
  valueOf,
} from "#verifier/search/path.js";
import { spread } from "#verifier/search/strategy.js";

const group: Group = { subtree: 0, size: 1, finished: 0, active: new Set(), wanted: [], openGrows: 0 };

function path(nodeId: number, text: string, parent?: Path, score?: number): Path {
  const none = { tokenIds: [1, 2], logProbs: [-1, -1], entropies: [1, 1], probeOutputs: new Float32Array() };
  const created = createPath(
    { nodeId, parentId: parent?.nodeId ?? 0, text, finishReason: "step", ...none },
    parent,
    group,
  );
  if (score !== undefined) created.score = { score };
  return created;
}

test.each([
  ["last", 0.5],
  ["min", 0.2],
  ["mean", 0.4],
  ["prod", 0.05],
] as const)("aggregate %s", (aggregation, expected) => {
  expect(aggregate([0.5, 0.2, 0.5], aggregation)).toBeCloseTo(expected);
});

test("valueOf is unknown while a step is unscored", () => {
  const first = path(1, "a", undefined, 0.5);
  expect(valueOf(path(2, "b", first), "last")).toBeUndefined();
  expect(valueOf(path(2, "b", first, 0.25), "prod")).toBe(0.125);
});

test("valueOf does not read an end without words", () => {
  const end = path(2, " ", path(1, "a", undefined, 0.5));
  end.status = "done";
  expect(valueOf(end, "last")).toBe(0.5);
});

test("paths count tokens and concatenate text exactly", () => {
  const second = path(2, " b \n", path(1, "a\n"));
  expect(second).toMatchObject({ text: "a\n b \n", tokenCount: 4, depth: 2 });
  expect(duplicateKey(second)).toBe("a b");
});

describe("release", () => {
  test("frees a chain from its highest node", () => {
    const chain = path(3, "c", path(2, "b", path(1, "a")));
    expect(release(chain)).toBe(1);
    expect(release(chain)).toBeUndefined();
  });

  test("keeps what others still need", () => {
    const parent = path(1, "a");
    parent.claims = 2;
    const [left, right] = [path(2, "l", parent), path(3, "r", parent)];
    expect(release(left)).toBe(2);
    expect(release(right)).toBe(1);
  });
});

test.each([
  [16, 4, [1, 1, 1, 1, 1, 1], [4, 4, 4, 4, 0, 0]],
  [13, 4, [1, 1, 1, 1, 1], [4, 3, 3, 3, 0]],
  [8, 2, [1], [8]],
  [3, 1, [1, 1], [3, 0]],
  [0, 0, [1, 1], [0, 0]],
  [4, 1, [], []],
  // Equal candidates are one path with the children of all of them.
  [16, 4, [2, 1, 5], [8, 4, 4]],
  [16, 4, [12, 4], [16, 0]],
  [13, 4, [1, 9], [4, 9]],
])("spread(%i slots, keep %i, over copies %j)", (slots, keep, copies, expected) => {
  const ranked = copies.map((count, i) => ({ path: path(i + 1, `${i}`), copies: count }));
  expect(spread(slots, keep, ranked)).toEqual(expected);
});
