/** `solve`: one problem, searched and verified. */
import { type Command, Option } from "commander";
import { runSolve } from "../client/solve.js";
import type { SolveFlags } from "../client/solve-request.js";
import type { CommandContext } from "../context.js";
import type { SolvedEvent } from "../events.js";
import { BadInputError, EXIT_DONE, EXIT_NO_ANSWER } from "../exit.js";
import { readText } from "../input.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";
import { addModelOptions, addTargetOption } from "../options/models.js";
import { addSamplingOptions, addSeedOption, type SamplingFlags } from "../options/sampling.js";
import { integerBetween, numberBetween, parseCount, parseDurationMs } from "../parse/numbers.js";
import { AGGREGATIONS, type Aggregation, joinVote, parseVote, type VoteChoice } from "../parse/vote.js";
import { STRATEGIES, VERIFIERS } from "../parse/words.js";
import { resultLines } from "../render/result-lines.js";
import { createSolveView } from "../render/solve-view.js";
import { type ServiceFlags, type VerifierClient, withVerifier } from "../services/use.js";

interface Flags extends ServiceFlags, SamplingFlags, JsonFlag {
  readonly strategy: string;
  readonly n?: number;
  readonly beamWidth?: number;
  readonly verifier?: string;
  readonly vote?: VoteChoice;
  readonly aggregate?: Aggregation;
  readonly budget?: number;
  readonly timeout?: number;
  readonly maxTokens?: number;
  readonly priority?: number;
  readonly seed: number;
}

const MAX_CANDIDATES = 256;

export function addSolve(program: Command, context: CommandContext): void {
  const command = program
    .command("solve")
    .description("Searches for the answer to a problem, scores every step, and lets the candidates vote.")
    .argument("<problem>", "the problem, or - for standard input")
    .addOption(new Option("--strategy <name>", "how to search").choices(STRATEGIES).default("auto"))
    .option("--n <count>", "candidates (default: the plan's)", integerBetween(1, MAX_CANDIDATES))
    .option(
      "--beam-width <count>",
      "children of each kept path in beam and dvts; divides --n",
      integerBetween(1, MAX_CANDIDATES),
    )
    .addOption(
      new Option(
        "--verifier <name>",
        "what scores the steps (default: prm); rank and scaled join prm and swift",
      ).choices(VERIFIERS),
    )
    .option("--vote <rule>", "weighted, max or majority; with last, min, mean or prod before it", parseVote)
    .addOption(new Option("--aggregate <name>", "how step scores become one").choices(AGGREGATIONS))
    .option(
      "--reject-below <score>",
      "drop partial solutions that score below it, in [0, 1) (default: 0, none; with auto the calibration's)",
      numberBetween(0, 1, { openAbove: true }),
    )
    .option("--budget <tokens>", "generated tokens at most, such as 20k", parseCount)
    .option("--max-tokens <count>", "tokens of one candidate at most (default: 2048)", parseCount)
    .option("--timeout <time>", "time to search at most, such as 30s", parseDurationMs)
    .option(
      "--priority <level>",
      "-10 to 10: searches with a higher one run first (default: 0)",
      integerBetween(-10, 10),
    );
  addSamplingOptions(command);
  addSeedOption(command);
  addTargetOption(command, "verifier");
  addModelOptions(command, { verifier: true });
  addJsonOption(command);
  addExamples(command, [
    ['solve "Tom has 12 apples and gives away 5. How many are left?"', "let the plan choose the strategy"],
    [
      'solve "..." --strategy beam --n 16 --beam-width 4 --budget 20k --timeout 30s',
      "beam search within limits",
    ],
    ["solve - --strategy bon --vote last-max --json < problem.txt", "a problem from a file, events as JSON"],
    ['solve "..." --target localhost:50052', "ask a pair that `deliberate up` started"],
  ]);
  command.addHelpText(
    "after",
    "\nExit status: 0 with an answer, 1 failed, 2 bad input, 3 ended without an answer.",
  );
  command.action(async (problem: string, flags: Flags) => {
    const search = toSearch(flags);
    const text = await readText("the problem", problem, context.stdin);
    const solved = await withVerifier(flags, context, (verifier) =>
      flags.json === true
        ? runSolve(verifier, text, search, context.signal, (event) => context.terminal.event(event))
        : solveVisibly(verifier, text, search, context),
    );
    context.setExitStatus(solved.answer === "" ? EXIT_NO_ANSWER : EXIT_DONE);
  });
}

function toSearch(flags: Flags): SolveFlags {
  assertShape(flags);
  const { timeout, vote, aggregate, ...rest } = flags;
  return { ...rest, ...joinVote(vote, aggregate), ...(timeout !== undefined && { timeoutMs: timeout }) };
}

/** What two flags must keep together; everything else is checked flag by flag, or by the verifier. */
function assertShape({ strategy, n, beamWidth }: Flags): void {
  if (beamWidth !== undefined && strategy !== "beam" && strategy !== "dvts")
    throw new BadInputError(
      `--beam-width belongs to --strategy beam or dvts, got it with ${strategy}: leave it out.`,
    );
  if (n === undefined || beamWidth === undefined || n % beamWidth === 0) return;
  const near = Math.max(beamWidth, Math.round(n / beamWidth) * beamWidth);
  throw new BadInputError(
    `--n must be a multiple of --beam-width, got ${n} and ${beamWidth}: try --n ${near}.`,
  );
}

async function solveVisibly(
  verifier: VerifierClient,
  problem: string,
  search: SolveFlags,
  { terminal, signal, clock }: CommandContext,
): Promise<SolvedEvent> {
  const view = createSolveView(problem, terminal, clock);
  const solved = await runSolve(verifier, problem, search, signal, (event) => view.show(event)).finally(() =>
    view.close(),
  );
  for (const line of resultLines(solved, terminal.width(), terminal.style)) terminal.result(line);
  return solved;
}
