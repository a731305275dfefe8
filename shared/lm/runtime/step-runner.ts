/**
 * One run of the graph: rows in slots, a few new tokens each, the outputs they asked for. Appends the new keys and
 * values to the slots. Knows no prompts, sessions or admission.
 */
import type { ModelConfig } from "../checkpoint/config.js";
import { KV_BUCKET, type KvBlock } from "./kv-block.js";
import { type Observed, type ObservedOutput, Observer } from "./observer.js";
import type { PrefixSet } from "./prefix-set.js";
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
export interface SlotInput extends Observed {
  readonly length: number;
}

export interface StepContext {
  readonly grid: SuffixGrid;
  readonly prefixes: PrefixSet;
  /** The prefix of each group. */
  readonly groups: readonly KvBlock[];
  /** A chunk of a prompt: one slot in all, without a prefix. It is run another way and rounds otherwise than rows do. */
  readonly isPrompt: boolean;
}

export type SlotOutput = ObservedOutput;

export class StepRunner {
  readonly #session: Session;
  readonly #config: ModelConfig;
  readonly #observer: Observer;
  readonly #names: { readonly prefix: readonly string[]; readonly suffix: readonly string[] };

  constructor(session: Session, config: ModelConfig) {
    this.#session = session;
    this.#config = config;
    this.#observer = new Observer(config);
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
    const observations = this.#observer.feed(feeds, inputs, tokens);
    const outputs = await this.#session.run(feeds, ["new_kv", ...observations.outputs]);
    for (const { slot, length, tokenIds } of inputs) {
      context.grid.append(slot, length, outputs["new_kv"]!, tokens, tokenIds.length);
    }
    return this.#observer.divide(inputs, observations, outputs);
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
}

function feedPrompt(feeds: Feeds, { isPrompt }: StepContext, { length, tokenIds }: SlotInput): void {
  const tokenCount = length + tokenIds.length;
  feeds["prompt"] = boolTensor(isPrompt);
  feeds["prompt_last_position"] = intTensor(Int32Array.of(tokenCount - 1));
  feeds["prompt_tokens"] = intScalar(tokenCount);
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
