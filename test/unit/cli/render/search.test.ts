import { describe, expect, test } from "vitest";
import { toSolveEvent } from "#cli/client/solve-events.js";
import type { SolvedEvent, SolveEvent } from "#cli/events.js";
import { createPlainLog } from "#cli/render/plain-log.js";
import { describePlan, planLines } from "#cli/render/plan-lines.js";
import { resultLines } from "#cli/render/result-lines.js";
import { createSearchState } from "#cli/render/search-state.js";
import { statusLine } from "#cli/render/status-line.js";
import { treeLines } from "#cli/render/tree-lines.js";
import { createStyle } from "#cli/terminal/style.js";
import { displayWidth } from "#cli/terminal/text.js";
import { BEAM_SCRIPT, NO_ANSWER_SCRIPT } from "../../../fakes/search-script.js";

const plain = createStyle(false);

/** The fake sends messages without defaults; a real stream fills them in, which these events do not need. */
function eventsOf(script: { readonly events: readonly object[] }): SolveEvent[] {
  return script.events.map((message) => toSolveEvent(Object.assign({}, filled, message))!);
}
const filled = {
  planChosen: null,
  nodeAdded: null,
  nodeScored: null,
  nodePruned: null,
  bestSoFar: null,
  solved: null,
};
const events = eventsOf(BEAM_SCRIPT);
const solved = events.at(-1) as SolvedEvent;

function stateAfter(list: readonly SolveEvent[]) {
  const state = createSearchState();
  for (const event of list) state.apply(event);
  return state;
}

const tree = (list: readonly SolveEvent[], width = 60, maxLines = 20) =>
  `\n${treeLines(stateAfter(list), { width, maxLines, style: plain }).join("\n")}\n`;

describe("the tree", () => {
  test("grows with scores", () => {
    expect(tree(events.slice(0, 9))).toMatchInlineSnapshot(`
      "
        ├─ .90 12 - 5 = 7 ×2
        ├─ .41 12 + 5 = 17
        └─ .08 12 * 5 = 60
      "
    `);
  });
  test("ends with answers", () => {
    expect(tree(events)).toMatchInlineSnapshot(`
      "
        ├─ .90 12 - 5 = 7 ×2
        │  ├─ .94 7 + 12 = 19
        │  │  .95 #### 19                                     → 19
        │  └─ .80 7 + 12 = 19.
        │     .81 #### 19                                     → 19
        ├─ .41 12 + 5 = 17
        │  .40 #### 17                                        → 17
        └─ .08 12 * 5 = 60                                       ✗
      "
    `);
  });
  test("shows equal steps of one parent once, with a count", () => {
    const first = events[1]!;
    const twins = Array.from({ length: 5 }, (_, i) => ({ ...first, node_id: i + 1 }) as SolveEvent);
    const dropped = { event: "node_pruned", node_id: 2, reason: "outscored" } as const;
    expect(tree([events[0]!, ...twins, dropped])).toMatchInlineSnapshot(`
      "
         ·  12 - 5 = 7 ×5
      "
    `);
  });
  test("keeps the winning paths when lines are few", () => {
    expect(tree(events, 60, 4)).toMatchInlineSnapshot(`
      "
        ├─ .90 12 - 5 = 7 ×2
        │  .94 7 + 12 = 19
        │  .95 #### 19                                        → 19
        └─ .08 12 * 5 = 60                                       ✗
        … 4 steps not shown
      "
    `);
  });
  test("groups the subtrees of DVTS", () => {
    const [first, ...rest] = events.slice(0, 6);
    const dvts = { ...first, plan: { ...solved.plan, strategy: "dvts" } } as SolveEvent;
    const split = rest.map((event) =>
      event.event === "node_added" ? { ...event, subtree: Number(event.node_id > 2) } : event,
    );
    expect(tree([dvts, ...split])).toMatchInlineSnapshot(`
      "
        ├─ subtree 1
        │  ├─ .90 12 - 5 = 7
        │  └─  ·  12 + 5 = 17
        └─ subtree 2
           ├─  ·  12 - 5 = 7
           └─  ·  12 * 5 = 60
      "
    `);
  });
  test("shows no column of scores when nothing scores", () => {
    const first = { ...events[0]!, plan: { ...solved.plan, verifier: "none" } } as SolveEvent;
    expect(tree([first, ...events.slice(1, 3)])).toMatchInlineSnapshot(`
      "
        ├─ 12 - 5 = 7
        └─ 12 + 5 = 17
      "
    `);
  });
  test("never exceeds the width, however deep it forks", () => {
    const deep: SolveEvent[] = Array.from({ length: 120 }, (_, i) => ({
      event: "node_added",
      node_id: i + 1,
      parent_id: i % 2 === 0 ? Math.max(0, i - 1) : Math.max(0, i - 2),
      depth: Math.ceil(i / 2),
      subtree: 0,
      text: "a long step that says the same thing again and again until nobody reads it",
      finish_reason: "step",
      token_count: 1,
      mean_log_prob: 0,
      mean_entropy: 0,
    }));
    for (const line of treeLines(stateAfter(deep), { width: 80, maxLines: 200, style: plain }))
      expect(displayWidth(line)).toBeLessThanOrEqual(80);
  });
});

test("the plan and its reason", () => {
  expect(`\n${planLines(solved.plan, 72, plain).join("\n")}\n`).toMatchInlineSnapshot(`
    "
    plan     beam search, 4 candidates, width 2, prm scores, vote weighted
             by last score, temperature 0.8
    why      2 of 4 first samples agree, so there is something to find that
             a vote alone would miss. Estimated pass rate: 40%.
    "
  `);
  const unread = { ...solved.plan, verifier: "none", vote: "majority" };
  expect(describePlan({ ...unread, strategy: "greedy", n: 1 })).toMatchInlineSnapshot(`"greedy"`);
  expect(describePlan({ ...unread, strategy: "majority", n: 16 })).toMatchInlineSnapshot(
    `"majority, 16 candidates, majority vote, temperature 0.8"`,
  );
  expect(describePlan({ ...solved.plan, strategy: "bon", n: 16, vote: "max" })).toMatchInlineSnapshot(
    `"best-of-N, 16 candidates, prm scores, highest last score wins, temperature 0.8"`,
  );
});

describe("the result", () => {
  const result = (event: SolvedEvent, ...rest: [{ correct: boolean; expected: string }?]) =>
    `\n${resultLines(event, 72, plain, ...rest).join("\n")}\n`;

  test("of a search", () =>
    expect(result(solved)).toMatchInlineSnapshot(`
    "
    answer   19  confidence 72%
    votes    19 █████████████████████▋          72% ×2
             17 ████████▍                       28% ×1
    cost     72 tokens: 48 kept, 16 pruned, 8 cancelled
             64 verifier tokens, 2.4 GFLOP, 1.3 s
    "
  `));
  test("when it is known to be right", () =>
    expect(result(solved, { correct: true, expected: "19" }).split("\n")[1]).toMatchInlineSnapshot(
      `"answer   19  ✓ right  confidence 72%"`,
    ));
  test("when it is known to be wrong, with a warning", () =>
    expect(
      result(
        { ...solved, warning: "The candidates disagree, so this answer is little better than a guess." },
        { correct: false, expected: "21" },
      ),
    ).toMatchInlineSnapshot(`
      "
      answer   19  ✗ wrong, it is 21  confidence 72%
      votes    19 █████████████████████▋          72% ×2
               17 ████████▍                       28% ×1
      cost     72 tokens: 48 kept, 16 pruned, 8 cancelled
               64 verifier tokens, 2.4 GFLOP, 1.3 s
      careful  The candidates disagree, so this answer is little better than a
               guess.
      "
    `));
  test("without an answer", () =>
    expect(result(eventsOf(NO_ANSWER_SCRIPT).at(-1) as SolvedEvent)).toMatchInlineSnapshot(`
      "
      answer   none  no candidate finished before the budget ended
      cost     72 tokens: 48 kept, 16 pruned, 8 cancelled
               64 verifier tokens, 2.4 GFLOP, 1.3 s
      end      the budget of generated tokens is spent
      careful  No candidate finished within the budget of 20 tokens; give it
               more.
      "
    `));
  test("with many answers", () => {
    const votes = Array.from({ length: 8 }, (_, i) => ({
      answer: String(10 * i),
      share: (8 - i) / 36,
      count: 8 - i,
    }));
    expect(result({ ...solved, votes })).toMatchInlineSnapshot(`
      "
      answer   19  confidence 72%
      votes     0 ██████▋                         22% ×8
               10 █████▉                          19% ×7
               20 █████                           17% ×6
               30 ████▏                           14% ×5
               40 ███▍                            11% ×4
               and 3 more with 17%
      cost     72 tokens: 48 kept, 16 pruned, 8 cancelled
               64 verifier tokens, 2.4 GFLOP, 1.3 s
      "
    `);
  });
});

test("the status line", () => {
  expect(statusLine(stateAfter([]), 120, plain)).toMatchInlineSnapshot(`"⠙ reading the problem · 120 ms"`);
  expect(statusLine(stateAfter(events), 2345, plain)).toMatchInlineSnapshot(
    `"⠏ 9 steps · 2 pruned · 72 tokens · 2.3 s  leading: 19 72%"`,
  );
});

test("the log of a search has a line per event, and a step only once, with its score", () => {
  const lines: string[] = [];
  let now = 0;
  const log = createPlainLog(
    (line) => lines.push(line),
    () => (now += 100),
    60,
  );
  for (const event of events) log.append(event);
  expect(`\n${lines.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    plan     beam search, 4 candidates, width 2, prm scores,
             vote weighted by last score, temperature 0.8
    why      2 of 4 first samples agree, so there is something
             to find that a vote alone would miss. Estimated
             pass rate: 40%.
       0.1s step   1          .90  12 - 5 = 7
       0.2s step   2          .41  12 + 5 = 17
       0.3s step   3            -  12 - 5 = 7
       0.4s prune  3 duplicate
       0.5s step   4          .08  12 * 5 = 60
       0.6s prune  4 outscored
       0.7s step   5 < 1      .94  7 + 12 = 19
       0.8s step   6 < 1      .80  7 + 12 = 19.
       0.9s step   9 < 2      .40  #### 17
       1.0s best   17, confidence 100%, 1 finished
       1.1s step   7 < 5      .95  #### 19
       1.2s step   8 < 6      .81  #### 19
       1.3s best   19, confidence 72%, 3 finished
       1.4s end    finished
    "
  `);
});
