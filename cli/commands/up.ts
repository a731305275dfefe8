/** `up`: both services, started, shown at work, and kept until Ctrl-C. */
import type { Command } from "commander";
import type { CommandContext } from "../context.js";
import { runDemo } from "../demo/run.js";
import { addExamples, addJsonOption, type JsonFlag } from "../options/json.js";
import { addModelOptions, chooseModels, type ModelFlags } from "../options/models.js";
import { integerBetween } from "../parse/numbers.js";
import { callingLines, readyLines } from "../render/ready-lines.js";
import { failWhenEnded } from "../services/child.js";
import { type Pair, startPair } from "../services/pair.js";
import { type ReadyEvent, readyEvent } from "../services/ready.js";

interface Flags extends ModelFlags, JsonFlag {
  readonly once?: boolean;
  readonly demo?: boolean;
  readonly generatorPort: number;
  readonly verifierPort: number;
  readonly generatorMetricsPort?: number;
  readonly verifierMetricsPort?: number;
}

export function addUp(program: Command, context: CommandContext): void {
  const port = integerBetween(0, 65_535);
  const command = program
    .command("up")
    .description("Starts the generator and the verifier on this machine and serves until Ctrl-C.")
    .option("--demo", "first solve a few problems of different difficulty")
    .option("--once", "end when everything is ready and shown, instead of serving")
    .option("--generator-port <port>", "port of the generator; 0 takes a free one", port, 0)
    .option("--verifier-port <port>", "port of the verifier; 0 takes a free one", port, 0)
    .option(
      "--generator-metrics-port <port>",
      "answer /metrics of the generator there (default: nowhere)",
      port,
    )
    .option(
      "--verifier-metrics-port <port>",
      "answer /metrics of the verifier there (default: nowhere)",
      port,
    );
  addModelOptions(command, { verifier: true });
  addJsonOption(command);
  addExamples(command, [
    ["up --demo", "what npm start runs"],
    ["up --generator-port 50051 --verifier-port 50052", "serve on known ports"],
    ["up --generator-metrics-port 9464 --verifier-metrics-port 9465", "with metrics for Prometheus"],
    ["up --once --json", "check that both become healthy, then end"],
  ]);
  command.action(async (flags: Flags) => {
    const places = {
      generator: { port: flags.generatorPort, metricsPort: flags.generatorMetricsPort },
      verifier: { port: flags.verifierPort, metricsPort: flags.verifierMetricsPort },
    };
    const pair = await startPair(chooseModels(flags), context.progress, context.signal, places);
    try {
      await serve(pair, flags, context);
    } finally {
      await context.progress.during("stopping", () => pair.stop());
    }
  });
}

/** Ctrl-C is how serving ends, so it is no failure. */
async function serve(pair: Pair, flags: Flags, context: CommandContext): Promise<void> {
  const { signal } = context;
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
  const ended = Promise.race([failWhenEnded(pair.generator, signal), failWhenEnded(pair.verifier, signal)]);
  const work = show(pair, flags, context).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  // Resolves only when it is to end: nothing else does with --once left out.
  const served = flags.once === true ? work : Promise.all([work, stopped]);
  await Promise.race([served, ended]).finally(() => void ended.catch(() => {}));
}

async function show(pair: Pair, flags: Flags, context: CommandContext): Promise<void> {
  const { terminal, signal } = context;
  const event: ReadyEvent = await readyEvent(pair, signal);
  if (flags.json === true) terminal.event(event);
  else for (const line of readyLines(event, terminal.style)) terminal.result(line);
  if (flags.demo === true) await runDemo(pair.verifier.address, flags.json === true, context);
  if (flags.json === true || flags.once === true) return;
  for (const line of callingLines(event, terminal.style)) terminal.result(line);
}
