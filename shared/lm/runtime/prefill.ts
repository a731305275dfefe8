/**
 * A prompt as a row without a prefix, whose slot becomes the prompt's segment. It runs chunk by chunk; the slot grows
 * with it, so that a chunk's attention is as long as what came before it and no longer.
 */
import assert from "node:assert/strict";
import type { Prefill, PrefillResult, PrefixPart, Wanted } from "../types.js";
import { join, PREFILL_CHUNK, withoutLast } from "./chunks.js";
import { copyTokens, KvBlock, type KvShape, padToBucket, roundUpToBucket } from "./kv-block.js";
import type { PrefixSet } from "./prefix-set.js";
import type { SlotOutput, StepRunner } from "./step-runner.js";
import { SuffixGrid } from "./suffix-grid.js";

/** What all prompts of a model share. */
export interface PrefillModel {
  readonly runner: StepRunner;
  readonly shape: KvShape;
  readonly noPrefix: KvBlock;
  readonly prefixes: PrefixSet;
}

export class ChunkedPrefill implements Prefill {
  readonly #model: PrefillModel;
  readonly #tokenIds: readonly number[];
  readonly #wanted: Wanted;
  readonly #outputs: SlotOutput[] = [];
  #grid: SuffixGrid;
  #done = 0;

  /** The tokens fit the context and are at least one more than `known` has. */
  constructor(model: PrefillModel, tokenIds: readonly number[], wanted: Wanted, known?: PrefixPart) {
    this.#model = model;
    this.#tokenIds = tokenIds;
    this.#wanted = wanted;
    this.#grid = oneSlot(model.shape, 0);
    if (known === undefined) return;
    const { prefix, tokenCount } = known;
    assert(tokenCount % PREFILL_CHUNK === 0 && tokenCount <= prefix.tokenCount, "known chunks are whole");
    assert(tokenCount < tokenIds.length, "there is a token to run");
    this.#grid = oneSlot(model.shape, tokenCount);
    copyTokens(model.shape, padToBucket(model.shape, prefix), this.#grid, tokenCount);
    this.#done = tokenCount;
  }

  get remainingTokens(): number {
    return this.#tokenIds.length - this.#done;
  }

  async advance(): Promise<void> {
    assert(this.remainingTokens > 0, "a prompt that has run does not advance");
    const { runner, noPrefix, prefixes } = this.#model;
    const start = this.#done;
    const end = Math.min(start + PREFILL_CHUNK, this.#tokenIds.length);
    this.#growTo(end);
    const wanted = end < this.#tokenIds.length ? withoutLast(this.#wanted) : this.#wanted;
    const input = { slot: 0, length: start, tokenIds: this.#tokenIds.slice(start, end), wanted };
    const context = { grid: this.#grid, groups: [noPrefix], prefixes, isPrompt: true };
    const [output] = await runner.run(context, [input]);
    this.#outputs.push(output!);
    this.#done = end;
  }

  get result(): PrefillResult {
    assert(this.remainingTokens === 0, "a prompt has a result when all of it has run");
    const { storage, capacity } = this.#grid;
    const prefix = new KvBlock(this.#model.shape, this.#done, capacity, storage);
    return { prefix, output: { row: 0, ...join(this.#outputs) } };
  }

  #growTo(tokens: number): void {
    if (tokens <= this.#grid.capacity) return;
    const grown = oneSlot(this.#model.shape, tokens);
    copyTokens(this.#model.shape, this.#grid, grown, this.#done);
    this.#grid = grown;
  }
}

/** A grid of one slot has its planes one behind the other, as a segment does. */
function oneSlot(shape: KvShape, tokens: number): SuffixGrid {
  return new SuffixGrid(shape, { groups: 1, rows: 1 }, roundUpToBucket(tokens));
}
