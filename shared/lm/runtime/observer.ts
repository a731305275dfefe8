/**
 * What a run is asked for beside keys and values: whose logits and hidden states, summed up how, read by which probes.
 * Tells the graph before the run and cuts its outputs into those of the rows afterwards.
 */
import type { ModelConfig } from "../checkpoint/config.js";
import { PROBE_WIDTH, SUMMARY_BLOCK } from "../graph/outputs.js";
import type { LinearProbe, LogitSummary, ProbeInput, RowOutput, Wanted } from "../types.js";
import { sum } from "#shared/stats.js";
import { blocksOf, ProbeSet } from "./probe-set.js";
import { type Feeds, floatTensor, intTensor } from "./session.js";

/** New tokens of a row in a slot. */
export interface Observed {
  readonly slot: number;
  readonly tokenIds: readonly number[];
  readonly wanted: Wanted;
}

export type ObservedOutput = Omit<RowOutput, "row">;

type Outputs = Readonly<Record<string, Float32Array>>;

/** The graph's names for the weights of each kind of probe, for the lines that they read, and for what comes out. */
const NAMES = {
  hidden: { weights: "probes", lines: "hidden_rows", output: "probe" },
  hidden_final_norm: { weights: "normed_probes", lines: "normed_rows", output: "normed_probe" },
  logits: { weights: "logit_probes", lines: "probed_logits", output: "logit_probe" },
} as const;
type PerInput<T> = Readonly<Record<ProbeInput, T>>;
const INPUTS: readonly ProbeInput[] = ["hidden", "hidden_final_norm", "logits"];
const perInput = <T>(make: (input: ProbeInput) => T): PerInput<T> => ({
  hidden: make("hidden"),
  hidden_final_norm: make("hidden_final_norm"),
  logits: make("logits"),
});

const SUMMARY = ["top_logits", "top_ids", "block_sums"];
const EMPTY = new Float32Array(0);
const NO_LINES = intTensor(new Int32Array(0));

/** Where an input's lines are in the graph's outputs. */
interface Lines {
  /** Behind its last one of the logits. */
  readonly logitsEnd: number;
  /** The first of what the probes of each kind read; of "hidden" also of the states themselves. */
  readonly first: PerInput<number>;
  /** How many these are. */
  readonly count: number;
}

export interface Observations {
  /** Names of the graph's outputs. */
  readonly outputs: readonly string[];
  /** Of the logits, all rows' together. */
  readonly logitLines: number;
  readonly lines: readonly Lines[];
  /** Lines that the probes of each kind read, all rows' together. */
  readonly probed: PerInput<number>;
  /** Of each probe, by its weights. */
  readonly firstBlock: PerInput<ReadonlyMap<Float32Array, number>>;
}

export class Observer {
  readonly #config: ModelConfig;
  readonly #probes: PerInput<ProbeSet>;

  constructor(config: ModelConfig) {
    this.#config = config;
    const stateWidth = (config.numLayers + 1) * config.hiddenSize;
    this.#probes = perInput((input) => new ProbeSet(input === "logits" ? config.vocabSize : stateWidth));
  }

  /** Adds what the graph must know. A run has `tokens` places for each slot. */
  feed(feeds: Feeds, inputs: readonly Observed[], tokens: number): Observations {
    const logitRows: number[] = [];
    const inverseTemperatures: number[] = [];
    const rows = perInput((): number[] => []);
    const lines = inputs.map(({ slot, tokenIds, wanted }): Lines => {
      const end = slot * tokens + tokenIds.length;
      for (let row = end - countLogits(wanted, tokenIds.length); row < end; row++) {
        logitRows.push(row);
        inverseTemperatures.push(1 / (wanted.summary?.temperature ?? 1));
      }
      const logitsEnd = logitRows.length;
      const count = countObserved(wanted, tokenIds.length);
      const first = perInput((input) => rows[input].length);
      if (wantsStates(wanted)) for (let i = 0; i < count; i++) rows.hidden.push(end - count + i);
      if (reads(wanted, "hidden_final_norm"))
        for (let i = 0; i < count; i++) rows.hidden_final_norm.push(first.hidden + i);
      if (reads(wanted, "logits")) for (let i = 0; i < count; i++) rows.logits.push(logitsEnd - count + i);
      return { logitsEnd, first, count };
    });
    // The graph refuses none.
    if (logitRows.length === 0) {
      logitRows.push(0);
      inverseTemperatures.push(1);
    }
    const { length: logitLines } = logitRows;
    feeds["logit_rows"] = intTensor(Int32Array.from(logitRows));
    feeds["inverse_temperatures"] = floatTensor(Float32Array.from(inverseTemperatures), [logitLines, 1, 1]);
    const probed = perInput((input) => rows[input].length);
    const probes = inputs.flatMap(({ wanted }) => wanted.probes ?? []);
    const firstBlock = perInput((input) => this.#feedProbes(feeds, probes, input, rows[input]));
    return { outputs: outputsOf(inputs), logitLines, lines, probed, firstBlock };
  }

  #feedProbes(
    feeds: Feeds,
    probes: readonly LinearProbe[],
    kind: ProbeInput,
    lines: readonly number[],
  ): ReadonlyMap<Float32Array, number> {
    const { tensor, firstBlock } = this.#probes[kind].select(probes.filter(({ input }) => input === kind));
    feeds[NAMES[kind].weights] = tensor;
    feeds[NAMES[kind].lines] = lines.length === 0 ? NO_LINES : intTensor(Int32Array.from(lines));
    return firstBlock;
  }

  /** The run's outputs as those of its rows, in the order of the inputs. */
  divide(inputs: readonly Observed[], observations: Observations, outputs: Outputs): ObservedOutput[] {
    const { vocabSize, hiddenSize, numLayers } = this.#config;
    const stateWidth = (numLayers + 1) * hiddenSize;
    return inputs.map(({ tokenIds, wanted }, i) => {
      const { logitsEnd, first, count } = observations.lines[i]!;
      const own = countWantedLogits(wanted, tokenIds.length);
      const logits =
        own === 0 ? EMPTY : outputs["logits"]!.subarray((logitsEnd - own) * vocabSize, logitsEnd * vocabSize);
      const hidden =
        wanted.hidden === true
          ? outputs["hidden"]!.subarray(first.hidden * stateWidth, (first.hidden + count) * stateWidth)
          : EMPTY;
      const summaries: LogitSummary[] = [];
      if (wanted.summary !== undefined)
        for (let line = logitsEnd - Math.max(own, 1); line < logitsEnd; line++)
          summaries.push(readSummary(outputs, line, observations.logitLines, wanted.summary.temperature));
      const probe = wanted.probes === undefined ? EMPTY : gather(wanted.probes, outputs, observations, i);
      return { logits, summaries, hidden, probe };
    });
  }
}

const reads = ({ probes }: Wanted, input: ProbeInput): boolean =>
  probes?.some((probe) => probe.input === input) ?? false;

/** The graph makes normed states of raw ones. */
const wantsStates = (wanted: Wanted): boolean =>
  wanted.hidden === true || reads(wanted, "hidden") || reads(wanted, "hidden_final_norm");

const countObserved = ({ observed }: Wanted, tokens: number): number => (observed === "last" ? 1 : tokens);

/** Rows of logits that a row with so many new tokens is given. */
const countWantedLogits = ({ logits }: Wanted, tokens: number): number =>
  ({ all: tokens, last: 1, none: 0 })[logits];

/** Rows of logits that it needs, those after its last tokens: to be given, summed up or read by a probe. */
function countLogits(wanted: Wanted, tokens: number): number {
  return Math.max(
    countWantedLogits(wanted, tokens),
    wanted.summary === undefined ? 0 : 1,
    reads(wanted, "logits") ? countObserved(wanted, tokens) : 0,
  );
}

function outputsOf(inputs: readonly Observed[]): string[] {
  const some = (holds: (wanted: Wanted) => boolean): boolean => inputs.some(({ wanted }) => holds(wanted));
  const names: string[] = [];
  if (some(({ logits }) => logits !== "none")) names.push("logits");
  if (some(({ summary }) => summary !== undefined)) names.push(...SUMMARY);
  if (some(({ hidden }) => hidden === true)) names.push("hidden");
  for (const input of INPUTS) if (some((wanted) => reads(wanted, input))) names.push(NAMES[input].output);
  return names;
}

function readSummary(outputs: Outputs, row: number, rows: number, temperature: number): LogitSummary {
  const line = (name: string): Float32Array => {
    const width = outputs[name]!.length / rows;
    return outputs[name]!.subarray(row * width, (row + 1) * width);
  };
  const sums = line("block_sums");
  const blocks = sums.length / 3;
  return {
    topIds: line("top_ids"),
    topLogits: line("top_logits"),
    total: sum(sums.subarray(0, blocks)),
    weightedTotal: sum(sums.subarray(blocks, 2 * blocks)),
    temperature,
    blockSize: SUMMARY_BLOCK,
    blockTotals: sums.subarray(2 * blocks),
  };
}

/** [tokens, outputs of the input's probes, side by side] from the graph's [blocks, lines, PROBE_WIDTH] of each kind. */
function gather(
  probes: readonly LinearProbe[],
  values: Outputs,
  { lines, probed, firstBlock }: Observations,
  input: number,
): Float32Array {
  const { count, first } = lines[input]!;
  const total = probes.reduce((outputs, probe) => outputs + probe.outputs, 0);
  const result = new Float32Array(count * total);
  let column = 0;
  for (const probe of probes) {
    const source = values[NAMES[probe.input].output]!;
    for (let block = 0; block < blocksOf(probe); block++) {
      const width = Math.min(PROBE_WIDTH, probe.outputs - block * PROBE_WIDTH);
      const start = firstBlock[probe.input].get(probe.weights)! + block;
      const line = start * probed[probe.input] + first[probe.input];
      for (let token = 0; token < count; token++) {
        const at = (line + token) * PROBE_WIDTH;
        result.set(source.subarray(at, at + width), token * total + column);
      }
      column += width;
    }
  }
  return result;
}
