/** `generate`: what the policy writes, without any search. */
import type { Command } from "commander";
import { complete, type CompletionRequest } from "../client/completions.js";
import type { CommandContext } from "../context.js";
import type { CompletionEvent } from "../events.js";
import { BadInputError } from "../exit.js";
import { readText } from "../input.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";
import { addModelOptions, addTargetOption } from "../options/models.js";
import { addSamplingOptions, addSeedOption, type SamplingFlags } from "../options/sampling.js";
import { integerBetween, parseCount } from "../parse/numbers.js";
import { plural } from "../render/format.js";
import { type GeneratorClient, type ServiceFlags, withGenerator } from "../services/use.js";
import type { Style } from "../terminal/style.js";

interface Flags extends ServiceFlags, SamplingFlags, JsonFlag {
  readonly raw?: boolean;
  readonly maxTokens: number;
  readonly n: number;
  readonly seed: number;
}

export function addGenerate(program: Command, context: CommandContext): void {
  const command = program
    .command("generate")
    .description("Continues a prompt with the policy alone, and tells each token's log-probability.")
    .argument("<prompt>", "the prompt, or - for standard input")
    .option("--raw", "no chat template: the model continues the prompt as it is")
    .option("--max-tokens <count>", "tokens of one candidate at most", parseCount, 64)
    .option("--n <count>", "candidates", integerBetween(1, 256), 1);
  addSamplingOptions(command, 0);
  addSeedOption(command);
  addTargetOption(command, "generator");
  addModelOptions(command, { verifier: false });
  addJsonOption(command);
  addExamples(command, [
    ['generate "Tom has 3 boxes of 4 pens. How many pens?"', "the shipped policy's greedy answer"],
    ['generate "..." --n 4 --temperature 0.8 --seed 7 --json', "four samples with token ids and log-probs"],
    [
      'generate --raw --policy ../shared/models/stories260K "Once upon a time"',
      "any other Llama-family checkpoint",
    ],
  ]);
  command.action(async (prompt: string, flags: Flags) => {
    const text = await readText("the prompt", prompt, context.stdin);
    const { terminal, progress, signal } = context;
    const request: CompletionRequest = { ...flags, prompt: text, raw: flags.raw === true };
    const completions = await withGenerator(flags, context, async (generator) => {
      if (!request.raw) await assertChatTemplate(generator, signal);
      return progress.during("generating", () => complete(generator, request, signal));
    });
    if (flags.json === true) for (const completion of completions) terminal.event(completion);
    else {
      for (const line of describe(request, completions, terminal.style)) terminal.result(line);
      // A single text stands alone on stdout, to be piped on; what is known of it goes beside.
      if (completions.length === 1) terminal.note(terminal.style(summary(completions[0]!), "dim"));
    }
  });
}

async function assertChatTemplate(generator: GeneratorClient, signal: AbortSignal): Promise<void> {
  const { model, hasChatTemplate } = await generator.getModelInfo({}, { signal });
  if (!hasChatTemplate)
    throw new BadInputError(
      `a model must have a chat template to be asked, and ${model} has none: add --raw, and it continues the prompt as it is.`,
    );
}

/** The text as the model wrote it, after the prompt that it continues; a line before each tells several apart. */
function describe(
  { prompt, raw }: CompletionRequest,
  completions: readonly CompletionEvent[],
  style: Style,
): string[] {
  const start = raw ? style(printable(prompt), "dim") : "";
  if (completions.length === 1) return [start + printable(completions[0]!.text)];
  return completions.flatMap((completion, i) => [
    style(`[${i + 1}] ${summary(completion)}`, "dim"),
    start + printable(completion.text),
  ]);
}

function summary({ logprobs, finish_reason }: CompletionEvent): string {
  const mean = logprobs.reduce((sum, value) => sum + value, 0) / Math.max(1, logprobs.length);
  return `${plural(logprobs.length, "token")}, mean log-prob ${mean.toFixed(2)}, ended by ${finish_reason}`;
}

/** Line breaks and tabs stay, other control characters could steer the terminal. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the characters to remove
  return text.replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, "");
}
