/** The demonstration: a handful of problems that no training saw, easy to hard, solved live and graded. */
import { verifierService } from "#shared/rpc/proto.js";
import { generateProblem, type Problem } from "#train/problems/generate.js";
import { answersAgree } from "#verifier/answer/canonical.js";
import { runSolve } from "../client/solve.js";
import type { CommandContext } from "../context.js";
import type { SolvedEvent } from "../events.js";
import { compactNumber, duration } from "../render/format.js";
import { resultLines } from "../render/result-lines.js";
import { createSolveView } from "../render/solve-view.js";
import { type VerifierClient, withClient } from "../services/use.js";

const SEED = 20_26;
const LEVELS = [1, 2, 3, 4, 5, 6] as const;
/** Six of them and the start stay below a minute, however slow the machine. */
const LIMIT_MS = 7_000;

interface Outcome {
  readonly solved: SolvedEvent;
  readonly correct: boolean;
}

/** Draws the problems one after the other; with `json` prints one `demo` event each and a last `demo_done`. */
export async function runDemo(
  verifierAddress: string,
  json: boolean,
  context: CommandContext,
): Promise<void> {
  const { terminal, clock } = context;
  const startedAt = clock();
  const outcomes: Outcome[] = [];
  await withClient(verifierService, verifierAddress, async (verifier) => {
    for (const [i, level] of LEVELS.entries()) {
      const problem = generateProblem({ level }, "test", SEED, 0);
      if (!json) terminal.result(heading(i, problem, terminal.width(), context));
      outcomes.push(
        json ? await solveSilently(verifier, problem, context) : await solveLive(verifier, problem, context),
      );
    }
  });
  const wallMs = clock() - startedAt;
  const right = outcomes.filter(({ correct }) => correct).length;
  if (json) terminal.event({ event: "demo_done", right, count: outcomes.length, wall_ms: wallMs });
  else terminal.result(`\n${summary(right, outcomes, wallMs)}`);
}

function heading(index: number, { level }: Problem, width: number, { terminal }: CommandContext): string {
  const text = `── Problem ${index + 1} of ${LEVELS.length}, level ${level} `;
  return `\n${terminal.style(text + "─".repeat(Math.max(0, width - text.length)), "blue")}`;
}

async function solveLive(
  verifier: VerifierClient,
  problem: Problem,
  context: CommandContext,
): Promise<Outcome> {
  const { terminal, signal, clock } = context;
  const view = createSolveView(problem.problem, terminal, clock);
  const solved = await runSolve(
    verifier,
    problem.problem,
    { timeoutMs: LIMIT_MS, seed: SEED },
    signal,
    (event) => view.show(event),
  ).finally(() => view.close());
  const correct = answersAgree(solved.answer, problem.answer);
  const grade = { correct, expected: problem.answer };
  for (const line of resultLines(solved, terminal.width(), terminal.style, grade)) terminal.result(line);
  return { solved, correct };
}

async function solveSilently(
  verifier: VerifierClient,
  problem: Problem,
  context: CommandContext,
): Promise<Outcome> {
  const flags = { timeoutMs: LIMIT_MS, seed: SEED };
  const solved = await runSolve(verifier, problem.problem, flags, context.signal, () => {});
  const correct = answersAgree(solved.answer, problem.answer);
  const { id, level, problem: text, answer: expected } = problem;
  context.terminal.event({ event: "demo", id, level, problem: text, expected, correct, solved });
  return { solved, correct };
}

function summary(right: number, outcomes: readonly Outcome[], wallMs: number): string {
  const tokens = outcomes.reduce((sum, { solved }) => sum + solved.usage.generated_tokens, 0);
  return `${right} of ${outcomes.length} right, ${compactNumber(tokens)} tokens, ${duration(wallMs)}.`;
}
