/**
 * One run of the graph: rows in slots, a few new tokens each, the outputs they asked for. Appends the new keys and
 * values to the slots. Knows no prompts, sessions or admission.
 */
import { PROBE_WIDTH, SUMMARY_BLOCK } from "../graph/decoder.js";
import type { ModelConfig } from "../checkpoint/config.js";
import type { LogitSummary, RowOutput, Wanted } from "../types.js";
import { sum } from "#shared/stats.js";
import { KV_BUCKET, type KvBlock } from "./kv-block.js";
import type { PrefixSet } from "./prefix-set.js";
import { blocksOf, type Probe, ProbeSet } from "./probe-set.js";
import {
  boolTensor,
  type Feeds,
  floatTensor,
  intScalar,
  intTensor,
  longTensor,
  type Session,
} from "./session.js";
import type { SuffixGrid } from "./suffix-grid.js";

/** New tokens of a row that has `length` tokens of its own behind its prefix. */
export interface SlotInput {
  readonly slot: number;
  readonly length: number;
  readonly tokenIds: readonly number[];
  readonly wanted: Wanted;
}

export interface StepContext {
  readonly grid: SuffixGrid;
  readonly prefixes: PrefixSet;
  /** The prefix of each group. */
  readonly groups: readonly KvBlock[];
  /** A chunk of a prompt: one slot in all, without a prefix. It is run another way and rounds otherwise than rows do. */
  readonly isPrompt: boolean;
}

export type SlotOutput = Omit<RowOutput, "row">;

const EMPTY = new Float32Array(0);

export class StepRunner {
  readonly #session: Session;
  readonly #config: ModelConfig;
  readonly #probes: ProbeSet;
  readonly #names: { readonly prefix: readonly string[]; readonly suffix: readonly string[] };

  constructor(session: Session, config: ModelConfig) {
    this.#session = session;
    this.#config = config;
    this.#probes = new ProbeSet((config.numLayers + 1) * config.hiddenSize);
    const names = (part: string): string[] =>
      Array.from({ length: config.numLayers }, (_, layer) => [
        `${part}_keys.${layer}`,
        `${part}_values.${layer}`,
      ]).flat();
    this.#names = { prefix: names("prefix"), suffix: names("suffix") };
  }

  /** At least one input, each in a slot of its own, whose capacity its tokens must not exceed. */
  async run(context: StepContext, inputs: readonly SlotInput[]): Promise<SlotOutput[]> {
    const tokens = Math.max(...inputs.map(({ tokenIds }) => tokenIds.length));
    const feeds: Feeds = {};
    this.#feedTokens(feeds, context, inputs, tokens);
    this.#feedCaches(feeds, context, inputs, tokens);
    feedPrompt(feeds, context, inputs[0]!);
    const logitRows = feedLogitRows(feeds, inputs, tokens);
    const states = this.#feedHiddenRows(feeds, inputs, tokens);
    const wanted = ["new_kv"];
    if (inputs.some(({ wanted: { logits } }) => logits !== "none")) wanted.push("logits");
    if (inputs.some(({ wanted: { summary } }) => summary !== undefined)) wanted.push(...SUMMARY);
    if (inputs.some(({ wanted: { probe } }) => probe !== undefined)) wanted.push("probe");
    if (inputs.some(({ wanted: { hidden } }) => hidden === true)) wanted.push("hidden");
    const outputs = await this.#session.run(feeds, wanted);
    for (const { slot, length, tokenIds } of inputs) {
      context.grid.append(slot, length, outputs["new_kv"]!, tokens, tokenIds.length);
    }
    return this.#divide(inputs, outputs, logitRows, states);
  }

  /** Token ids, positions and sizes. Unused slots and the room behind shorter rows run token 0, which nobody reads. */
  #feedTokens(
    feeds: Feeds,
    { grid, groups }: StepContext,
    inputs: readonly SlotInput[],
    tokens: number,
  ): void {
    const { numKvHeads, contextLength } = this.#config;
    const { rows } = grid.layout;
    const perGroup = rows * tokens;
    const ids = new Int32Array(groups.length * perGroup);
    const positions = new Int32Array(ids.length * numKvHeads);
    for (const { slot, length, tokenIds } of inputs) {
      ids.set(tokenIds, slot * tokens);
      const group = Math.floor(slot / rows);
      const first = groups[group]!.tokenCount + length;
      for (let head = 0; head < numKvHeads; head++) {
        const at = (group * numKvHeads + head) * perGroup + (slot % rows) * tokens;
        for (let i = 0; i < tokens; i++) positions[at + i] = Math.min(first + i, contextLength - 1);
      }
    }
    feeds["token_ids"] = intTensor(ids);
    feeds["positions"] = longTensor(positions, [positions.length, 1]);
  }

  #feedCaches(feeds: Feeds, context: StepContext, inputs: readonly SlotInput[], tokens: number): void {
    const { grid, groups } = context;
    const { rows } = grid.layout;
    const prefix = context.prefixes.select(groups);
    const started = inputs.some(({ length }) => length > 0);
    const suffixes = started ? grid.tensors : grid.blankTensors;
    const capacity = started ? grid.capacity : KV_BUCKET;
    for (let i = 0; i < suffixes.length; i++) {
      feeds[this.#names.prefix[i]!] = prefix.tensors[i]!;
      feeds[this.#names.suffix[i]!] = suffixes[i]!;
    }
    const keys = prefix.capacity + capacity + tokens;
    const counts = { prefix: prefix.capacity, suffix: capacity, tokens };
    const maskDims = [groups.length, 1, rows, tokens, 1, keys];
    feeds["mask"] = floatTensor(toMask(context, inputs, counts, Infinity), maskDims);
    const window = this.#config.differences?.local?.window;
    if (window !== undefined) {
      feeds["local_mask"] = floatTensor(toMask(context, inputs, counts, window), maskDims);
    }
    const queries = (this.#config.numHeads / this.#config.numKvHeads) * tokens;
    const dims = [groups.length, rows, queries, rows * queries, prefix.capacity, capacity, tokens];
    feeds["dims"] = longTensor(dims, [dims.length]);
  }

  #feedHiddenRows(feeds: Feeds, inputs: readonly SlotInput[], tokens: number): States {
    const rows: number[] = [];
    const probes: Probe[] = [];
    for (const { slot, tokenIds, wanted } of inputs) {
      if (wanted.probe !== undefined) probes.push(wanted.probe);
      if (!wantsStates(wanted)) continue;
      for (let i = 0; i < tokenIds.length; i++) rows.push(slot * tokens + i);
    }
    const { tensor, firstBlock } = this.#probes.select(probes);
    feeds["hidden_rows"] = intTensor(Int32Array.from(rows));
    feeds["probes"] = tensor;
    return { count: rows.length, firstBlock };
  }

  /** Cuts the run's outputs into those of its rows, which lie in the order of the inputs. */
  #divide(
    inputs: readonly SlotInput[],
    outputs: Readonly<Record<string, Float32Array>>,
    logitRows: number,
    states: States,
  ): SlotOutput[] {
    const { vocabSize, hiddenSize, numLayers } = this.#config;
    const stateWidth = (numLayers + 1) * hiddenSize;
    let logitRow = 0;
    let state = 0;
    return inputs.map(({ tokenIds, wanted }) => {
      const count = tokenIds.length;
      const ownRows = countLogitRows(wanted, count);
      const logits =
        wanted.logits === "none"
          ? EMPTY
          : outputs["logits"]!.subarray(logitRow * vocabSize, (logitRow + ownRows) * vocabSize);
      logitRow += ownRows;
      const summary =
        wanted.summary && readSummary(outputs, logitRow - 1, logitRows, wanted.summary.temperature);
      const from = state;
      if (wantsStates(wanted)) state += count;
      const hidden =
        wanted.hidden === true
          ? outputs["hidden"]!.subarray(from * stateWidth, (from + count) * stateWidth)
          : EMPTY;
      const probe =
        wanted.probe === undefined
          ? EMPTY
          : gatherProbe(wanted.probe, outputs["probe"]!, states, from, count);
      return { logits, ...(summary && { summary }), hidden, probe };
    });
  }
}

function feedPrompt(feeds: Feeds, { isPrompt }: StepContext, { length, tokenIds }: SlotInput): void {
  const tokenCount = length + tokenIds.length;
  feeds["prompt"] = boolTensor(isPrompt);
  feeds["prompt_last_position"] = intTensor(Int32Array.of(tokenCount - 1));
  feeds["prompt_tokens"] = intScalar(tokenCount);
}

/** Rows of logits that a row with `count` new tokens needs: those after its last tokens. */
function countLogitRows({ logits, summary }: Wanted, count: number): number {
  if (logits === "all") return count;
  return logits === "last" || summary !== undefined ? 1 : 0;
}

/** Returns how many rows of logits there will be. */
function feedLogitRows(feeds: Feeds, inputs: readonly SlotInput[], tokens: number): number {
  const rows: number[] = [];
  const inverseTemperatures: number[] = [];
  for (const { slot, tokenIds, wanted } of inputs) {
    const end = slot * tokens + tokenIds.length;
    for (let row = end - countLogitRows(wanted, tokenIds.length); row < end; row++) {
      rows.push(row);
      inverseTemperatures.push(1 / (wanted.summary?.temperature ?? 1));
    }
  }
  // The graph refuses none.
  if (rows.length === 0) {
    rows.push(0);
    inverseTemperatures.push(1);
  }
  feeds["logit_rows"] = intTensor(Int32Array.from(rows));
  feeds["inverse_temperatures"] = floatTensor(Float32Array.from(inverseTemperatures), [rows.length, 1, 1]);
  return rows.length;
}

const SUMMARY = ["top_logits", "top_ids", "block_sums"];

function readSummary(
  outputs: Readonly<Record<string, Float32Array>>,
  row: number,
  rows: number,
  temperature: number,
): LogitSummary {
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

interface States {
  /** Tokens whose hidden states were picked. */
  readonly count: number;
  readonly firstBlock: ReadonlyMap<Float32Array, number>;
}

const wantsStates = (wanted: Wanted): boolean => wanted.probe !== undefined || wanted.hidden === true;

/** [tokens, outputs] from the graph's [blocks, states, PROBE_WIDTH]. */
function gatherProbe(
  probe: Probe,
  values: Float32Array,
  states: States,
  from: number,
  count: number,
): Float32Array {
  const result = new Float32Array(count * probe.outputs);
  const first = states.firstBlock.get(probe.weights)!;
  for (let block = 0; block < blocksOf(probe); block++) {
    const width = Math.min(PROBE_WIDTH, probe.outputs - block * PROBE_WIDTH);
    for (let token = 0; token < count; token++) {
      const at = ((first + block) * states.count + from + token) * PROBE_WIDTH;
      result.set(values.subarray(at, at + width), token * probe.outputs + block * PROBE_WIDTH);
    }
  }
  return result;
}

interface KeyCounts {
  readonly prefix: number;
  readonly suffix: number;
  readonly tokens: number;
}

/**
 * [groups, rows, tokens, prefix + suffix + tokens]: 0 where a token may look (its prompt, its row's own tokens, the new
 * ones up to itself, of all these the last `window`), -infinity elsewhere. An unused slot's tokens see each other.
 */
function toMask(
  { grid, groups }: StepContext,
  inputs: readonly SlotInput[],
  counts: KeyCounts,
  window: number,
): Float32Array {
  const { prefix, suffix, tokens } = counts;
  const { rows } = grid.layout;
  const keys = prefix + suffix + tokens;
  const slots = groups.length * rows;
  const mask = new Float32Array(slots * tokens * keys).fill(-Infinity);
  for (let line = 0; line < slots * tokens; line++) {
    const start = line * keys + prefix + suffix;
    const token = line % tokens;
    mask.fill(0, start + Math.max(0, token + 1 - window), start + token + 1);
  }
  for (const { slot, length } of inputs) {
    const seen = groups[Math.floor(slot / rows)]!.tokenCount;
    for (let token = 0; token < tokens; token++) {
      const start = (slot * tokens + token) * keys;
      // The first position in the window, and the same among the row's own tokens.
      const first = Math.max(0, seen + length + token + 1 - window);
      const own = Math.max(0, first - seen);
      mask.fill(0, start + Math.min(first, seen), start + seen);
      mask.fill(0, start + prefix + Math.min(own, length), start + prefix + length);
    }
  }
  return mask;
}
