/** `plan`: what solve would do, without doing it. */
import { type Command, Option } from "commander";
import { toPlan } from "../client/solve-events.js";
import { toBudget } from "../client/solve-request.js";
import { fromWord } from "../client/words.js";
import type { CommandContext } from "../context.js";
import type { PlanShape } from "../events.js";
import { readText } from "../input.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";
import { addModelOptions, addTargetOption } from "../options/models.js";
import { parseCount, parseDurationMs } from "../parse/numbers.js";
import { VERIFIERS } from "../parse/words.js";
import { planLines } from "../render/plan-lines.js";
import type { Style } from "../terminal/style.js";
import { type ServiceFlags, withVerifier } from "../services/use.js";

interface Flags extends ServiceFlags, JsonFlag {
  readonly budget?: number;
  readonly timeout?: number;
  readonly verifier?: string;
}

export function addPlan(program: Command, context: CommandContext): void {
  const command = program
    .command("plan")
    .description("Shows how a problem would be solved within a budget, and why. Searches nothing.")
    .argument("<problem>", "the problem, or - for standard input")
    .option("--budget <tokens>", "generated tokens at most, such as 20k", parseCount)
    .option("--timeout <time>", "time to search at most, such as 30s", parseDurationMs)
    .addOption(
      new Option("--verifier <name>", "what would score the steps (default: prm)").choices(VERIFIERS),
    );
  addTargetOption(command, "verifier");
  addModelOptions(command, { verifier: true });
  addJsonOption(command);
  addExamples(command, [
    [
      'plan "Tom has 12 apples and gives away 5. How many are left?" --budget 4k',
      "what 4,000 tokens would be spent on",
    ],
    ['plan "..." --json | jq .then', "the rows of the strategy table that may follow"],
  ]);
  command.action(async (problem: string, flags: Flags) => {
    const text = await readText("the problem", problem, context.stdin);
    const { terminal, signal } = context;
    await withVerifier(flags, context, async (verifier) => {
      const { budget, timeout, verifier: scorer } = flags;
      const limits = {
        ...(budget !== undefined && { budget }),
        ...(timeout !== undefined && { timeoutMs: timeout }),
      };
      const request = {
        problem: text,
        budget: toBudget(limits),
        ...(scorer !== undefined && { verifier: fromWord("verifier", scorer) as never }),
      };
      const response = await verifier.plan(request, { signal });
      const first = toPlan(response.first ?? null);
      const rows = (response.then ?? []).map(toPlan);
      // oxlint-disable-next-line unicorn/no-thenable -- the name of the contract; a list is no promise
      if (flags.json === true) terminal.event({ event: "plan", first, then: rows });
      else for (const line of describe(first, rows, terminal.width(), terminal.style)) terminal.result(line);
    });
  });
}

function describe(first: PlanShape, rows: readonly PlanShape[], width: number, style: Style): string[] {
  const lines = [style("First", "bold"), ...planLines(first, width, style)];
  if (rows.length > 0) lines.push("", style("Then, by how hard it turns out to be", "bold"));
  for (const [i, plan] of rows.entries()) {
    if (i > 0) lines.push("");
    lines.push(`row      ${style(plan.row, "cyan")}`, ...planLines(plan, width, style));
  }
  return lines;
}
