/** `score`: what the verifier thinks of a solution somebody else wrote, step by step. */
import { type Command, Option } from "commander";
import { scoreSteps } from "../client/step-scores.js";
import type { CommandContext } from "../context.js";
import { readText, readTextFile } from "../input.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";
import { addModelOptions, addTargetOption } from "../options/models.js";
import { splitSteps } from "../parse/steps.js";
import { AGGREGATIONS, type Aggregation } from "../parse/vote.js";
import { parseEscapedText } from "../parse/words.js";
import { bar, score as scoreText } from "../render/format.js";
import { type GeneratorClient, type ServiceFlags, withVerifier } from "../services/use.js";
import type { Style } from "../terminal/style.js";
import { padEnd, toPlainLine, truncate } from "../terminal/text.js";

interface Flags extends ServiceFlags, JsonFlag {
  readonly problem: string;
  readonly solution: string;
  readonly delimiter?: string;
  readonly aggregate: Aggregation;
}

interface ScoresEvent {
  readonly event: "scores";
  /** `swift` is null: that head reads hidden states of the policy while it writes, which a text does not have. */
  readonly steps: readonly { readonly text: string; readonly prm: number; readonly swift: null }[];
  readonly solution: { readonly prm: number; readonly swift: null };
}

export function addScore(program: Command, context: CommandContext): void {
  const command = program
    .command("score")
    .description("Scores each step of a given solution with the reward model.")
    .requiredOption("--problem <text>", "the problem, or - for standard input")
    .requiredOption("--solution <file>", "text file with the solution, a step per delimiter")
    .option(
      "--delimiter <text>",
      "what ends a step (default: the policy's own; a line break with --target)",
      parseEscapedText,
    )
    .addOption(
      new Option("--aggregate <name>", "how step scores become the solution's")
        .choices(AGGREGATIONS)
        .default("last"),
    );
  addTargetOption(command, "verifier");
  addModelOptions(command, { verifier: true });
  addJsonOption(command);
  addExamples(command, [
    [
      'score --problem "Tom has 12 apples and gives away 5. How many are left?" --solution solution.txt',
      "a bar per step",
    ],
    [
      'score --problem "..." --solution solution.txt --delimiter "\\n\\n" --json',
      "steps that are paragraphs",
    ],
  ]);
  command.action(async (flags: Flags) => {
    const problem = await readText("the problem", flags.problem, context.stdin);
    const solution = await readTextFile("--solution", flags.solution);
    const { terminal, progress, signal } = context;
    await withVerifier(flags, context, async (verifier, generator) => {
      const delimiter = flags.delimiter ?? (await policyDelimiter(generator, signal));
      const steps = splitSteps(solution, delimiter);
      const scores = await progress.during("scoring", () => scoreSteps(verifier, problem, steps, signal));
      const event = toEvent(steps, scores, flags.aggregate);
      if (flags.json === true) terminal.event(event);
      else
        for (const line of describe(event, flags.aggregate, terminal.width(), terminal.style))
          terminal.result(line);
    });
  });
}

async function policyDelimiter(generator: GeneratorClient | undefined, signal: AbortSignal): Promise<string> {
  const info = await generator?.getModelInfo({}, { signal });
  return info?.stepDelimiter || "\n";
}

function toEvent(steps: readonly string[], scores: readonly number[], aggregate: Aggregation): ScoresEvent {
  return {
    event: "scores",
    steps: steps.map((text, i) => ({ text: text.trim(), prm: scores[i]!, swift: null })),
    solution: { prm: AGGREGATE[aggregate](scores), swift: null },
  };
}

const AGGREGATE: Readonly<Record<Aggregation, (scores: readonly number[]) => number>> = {
  last: (scores) => scores.at(-1)!,
  min: (scores) => Math.min(...scores),
  mean: (scores) => scores.reduce((sum, value) => sum + value, 0) / scores.length,
  prod: (scores) => scores.reduce((product, value) => product * value, 1),
};

const BAR_COLUMNS = 12;

function describe(event: ScoresEvent, aggregate: Aggregation, width: number, style: Style): string[] {
  const line = (value: number, text: string) => {
    const colour = value >= 0.8 ? "green" : value >= 0.4 ? "yellow" : "red";
    const strip = style(padEnd(bar(value, BAR_COLUMNS), BAR_COLUMNS), colour);
    return `${scoreText(value)} ${strip}  ${text}`;
  };
  const room = width - BAR_COLUMNS - 7;
  const steps = event.steps.map(({ prm, text }) => line(prm, truncate(toPlainLine(text), room)));
  return [...steps, line(event.solution.prm, style(`the solution (${aggregate} of the steps)`, "bold"))];
}
