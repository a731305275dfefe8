import { describe, expect, test } from "vitest";
import { MemoryAccountant } from "#generator/engine/memory-accountant.js";
import { type Growable, StepTree, type TreeNode, pathTo, placeOf } from "#generator/engine/tree.js";

/** Two bytes of K/V a token, four bytes a logit. */
function growable(tokens: number): Growable {
  return {
    kv: { tokenCount: tokens, byteLength: 2 * tokens, data: new Float32Array(0) },
    logits: new Float32Array(1),
  };
}

function createTree({ capBytes = 1000, maxNodes = 10 } = {}) {
  const accountant = new MemoryAccountant(capBytes);
  const tree = new StepTree([1, 2, 3], growable(3), { maxNodes, accountant });
  const add = (parent: TreeNode, tokenIds: number[]): TreeNode => {
    const node = tree.addChild(parent);
    tree.keep(node, tokenIds, growable(tokenIds.length));
    return node;
  };
  return { accountant, tree, add };
}

describe("a step tree", () => {
  test("refuses a step that does not fit, booking nothing", () => {
    const { accountant, add, tree } = createTree({ capBytes: 9 });
    expect(() => add(tree.root, [1, 2, 3])).toThrow(/limited to 9 bytes, 0 are in use and 10 more/);
    expect(accountant.usedBytes).toBe(0);
  });

  test("keeps each token once: forking costs the new tokens only", () => {
    const { accountant, tree, add } = createTree();
    const first = add(tree.root, [4, 5]);
    add(first, [6]);
    add(first, [7]);
    expect(accountant.held).toMatchObject({ prefix: 0, suffix: 2 * (2 + 1 + 1), logits: 3 * 4 });
    tree.checkIntegrity();
  });

  test("names a node by its child indices, which are never given twice", () => {
    const { tree, add } = createTree();
    const [first, second] = [add(tree.root, [4]), add(tree.root, [5])];
    tree.prune([first.id]);
    const third = add(tree.root, [6]);
    const below = add(second, [7]);
    expect(placeOf(third)).toEqual([2]);
    expect(placeOf(below)).toEqual([1, 0]);
    expect(pathTo(below).flatMap((node) => node.tokenIds)).toEqual([5, 7]);
    expect(below.startTokens).toBe(4);
  });

  test("prunes a node with all below it, parents first, and gives their bytes back", () => {
    const { accountant, tree, add } = createTree();
    const before = accountant.usedBytes;
    const top = add(tree.root, [4]);
    const below = [add(top, [5]), tree.addChild(top)];
    expect(tree.prune([below[0]!.id, top.id, top.id])).toEqual([below[0], top, below[1]]);
    expect(accountant.usedBytes).toBe(before);
    expect(tree.size).toBe(1);
    tree.clear();
    tree.clear();
    expect(accountant.usedBytes).toBe(0);
  });

  test("takes the prompt for everything below it, and keeps it", () => {
    const { accountant, tree, add } = createTree();
    const before = accountant.usedBytes;
    const [first, second] = [add(tree.root, [4]), tree.addChild(tree.root)];
    const below = add(first, [5]);
    expect(tree.prune([below.id, 0, second.id])).toEqual([below, first, second]);
    expect(accountant.usedBytes).toBe(before);
    expect(tree.prune([0])).toEqual([]);
    expect(placeOf(add(tree.growable(0).node, [6]))).toEqual([2]);
  });

  test("tells why a node cannot grow", () => {
    const { tree, add } = createTree();
    const pruned = add(tree.root, [4]);
    tree.prune([pruned.id]);
    const running = tree.addChild(tree.root);
    const ended = tree.addChild(tree.root);
    tree.end(ended);
    const code = (id: number): unknown => {
      try {
        return tree.growable(id);
      } catch (error) {
        return error;
      }
    };
    expect(code(pruned.id)).toMatchObject({
      code: "failed_precondition",
      details: { reason: "NODE_PRUNED" },
    });
    expect(code(running.id)).toMatchObject({
      code: "failed_precondition",
      details: { reason: "NODE_RUNNING" },
    });
    expect(code(ended.id)).toMatchObject({ code: "failed_precondition", details: { reason: "NODE_ENDED" } });
    for (const id of [99, -1, 1.5, NaN]) expect(code(id)).toMatchObject({ code: "not_found" });
    expect(tree.growable(0).node).toBe(tree.root);
  });

  test("counts live nodes against the limit", () => {
    const { tree, add } = createTree({ maxNodes: 3 });
    const first = add(tree.root, [4]);
    expect(tree.refuseNodes(1)).toBeUndefined();
    expect(tree.refuseNodes(2)).toMatchObject({ code: "resource_exhausted" });
    tree.prune([first.id]);
    expect(tree.refuseNodes(2)).toBeUndefined();
  });
});
