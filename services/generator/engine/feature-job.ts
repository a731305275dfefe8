/**
 * One request for features: its continuations in groups, short ones side by side, a long one alone and in several runs.
 * A group has a batch of its own, which lasts as long as the group. Knows no queue and no accountant.
 */
import { narrowHalf } from "#shared/half.js";
import type { LanguageModel, RowBatch, RowOutput, Wanted } from "#shared/lm/types.js";
import { summarize } from "#generator/sampling/distribution.js";
import { describeRow } from "#generator/sampling/summary.js";
import { EventQueue } from "./event-queue.js";
import { type PreparedFeatures, runTokens } from "./features.js";
import type { OpenedPrompt } from "./session.js";
import type { FeatureEvent } from "./types.js";
import type { UsageMeter } from "./usage.js";

export interface FeatureJobOptions {
  readonly prepared: PreparedFeatures;
  readonly prompt: OpenedPrompt;
  readonly model: LanguageModel;
  readonly usage: UsageMeter;
  /** Called when the reader took an event. */
  readonly onRead: () => void;
}

/** A continuation in its row, and what is known of its tokens: of all up to the one after the last that was run. */
interface Text {
  readonly index: number;
  readonly tokenIds: readonly number[];
  readonly row: number;
  readonly logProbs: number[];
  readonly entropies: number[];
}

interface Group {
  readonly batch: RowBatch;
  readonly texts: readonly Text[];
  readonly byteLength: number;
  /** Tokens of each text that were run. */
  done: number;
}

export class FeatureJob {
  readonly priority: number;
  readonly events: EventQueue<FeatureEvent>;
  /** Called once, when it is over. */
  onOver: (() => void) | undefined;
  readonly #options: FeatureJobOptions;
  readonly #runTokens: number;
  readonly #wanted: Wanted;
  #group: Group | undefined;
  /** Continuations that are in a group or behind one. */
  #begun = 0;
  #over = false;

  constructor(options: FeatureJobOptions) {
    const { prepared, prompt, model, onRead } = options;
    this.priority = prepared.prompt.priority;
    this.events = new EventQueue(onRead);
    this.#options = options;
    this.#runTokens = runTokens(model.info);
    const hidden = prepared.features === "hidden";
    this.#wanted = { logits: "all", summary: { temperature: 1 }, ...(hidden && { hidden }) };
    this.events.push({
      kind: "featurizing",
      promptTokenIds: prepared.prompt.tokenIds,
      cachedPromptTokens: prompt.cachedTokens,
      width: prepared.width,
      tokenCounts: prepared.continuations.map(({ length }) => length),
    });
  }

  /** Bytes of the keys and values that are held beside the prompt's: all of the group's from its start. */
  get byteLength(): number {
    return this.#group?.byteLength ?? 0;
  }

  /** Every continuation has run. */
  get finished(): boolean {
    return this.#group === undefined && this.#begun === this.#options.prepared.continuations.length;
  }

  /** Puts the next continuations into a batch, if none are there; that is bookkeeping and takes no memory yet. */
  begin(): void {
    if (this.#group !== undefined) return;
    const { prepared, prompt, model } = this.#options;
    const { continuations } = prepared;
    const { kv, logits } = prompt.growable;
    const first = summarize(logits);
    const batch = model.createBatch();
    const end = endOfGroup(continuations, this.#begun, this.#runTokens);
    const texts = continuations.slice(this.#begun, end).map(
      (tokenIds, i): Text => ({
        index: this.#begun + i,
        tokenIds,
        row: batch.admit(kv, []),
        logProbs: [logits[tokenIds[0]!]! - first.logTotal],
        entropies: [first.entropy],
      }),
    );
    const longest = Math.max(...texts.map(({ tokenIds }) => tokenIds.length));
    this.#group = { batch, texts, byteLength: batch.byteLengthAfter(longest), done: 0 };
    this.#begun = end;
  }

  /**
   * Runs tokens of the group that was begun, at most as many as a prompt's chunk has. Throws what the model throws, and
   * `internal` where logits are no distribution.
   */
  async run(): Promise<void> {
    const group = this.#group!;
    const { usage, prompt } = this.#options;
    const end = group.done + Math.floor(this.#runTokens / group.texts.length);
    const running = group.texts.filter(({ tokenIds }) => tokenIds.length > group.done);
    const inputs = running.map(({ row, tokenIds }) => {
      const fresh = tokenIds.slice(group.done, end);
      usage.ran(fresh.length, prompt.growable.kv.tokenCount + group.done);
      usage.placed(fresh.length);
      return { row, tokenIds: fresh, wanted: this.#wanted };
    });
    const outputs = await group.batch.step(inputs);
    for (const [i, text] of running.entries()) this.#record(text, group.done, outputs[i]!);
    group.done = end;
    if (group.texts.every(({ tokenIds }) => tokenIds.length <= end)) this.#group = undefined;
  }

  /** Nothing follows: the reader gets the usage. */
  finish(): void {
    this.events.push({ kind: "featurized", usage: this.#options.usage.total() });
    this.events.finish();
  }

  /** Gives back the prompt and forgets the batch. */
  dispose(): void {
    if (this.#over) return;
    this.#over = true;
    this.#group = undefined;
    this.#options.prompt.release();
    this.onOver?.();
  }

  /** The tokens of `text` from `from` on have run. */
  #record(text: Text, from: number, { logits, summaries, hidden }: Omit<RowOutput, "row">): void {
    const { features, width, eventTokens } = this.#options.prepared;
    const { vocabularySize } = this.#options.model.info;
    const count = logits.length / vocabularySize;
    for (let i = 0; i < count; i++) {
      const row = logits.subarray(i * vocabularySize, (i + 1) * vocabularySize);
      const { logTotal, entropy } = describeRow(row, summaries[i]);
      text.entropies.push(entropy);
      const next = text.tokenIds[from + i + 1];
      if (next !== undefined) text.logProbs.push(row[next]! - logTotal);
    }
    const values = features === "logits" ? logits : hidden;
    for (let start = 0; start < count; start += eventTokens) {
      const end = Math.min(start + eventTokens, count);
      this.#emit(text, from + start, values.subarray(start * width, end * width), end - start);
    }
  }

  #emit(text: Text, firstToken: number, values: Float32Array, count: number): void {
    const end = firstToken + count;
    const halves = new Uint16Array(values.length);
    narrowHalf(values, halves);
    this.events.push({
      kind: "chunk",
      continuation: text.index,
      firstToken,
      tokenIds: text.tokenIds.slice(firstToken, end),
      values: halves,
      logProbs: text.logProbs.slice(firstToken, end),
      entropies: text.entropies.slice(firstToken, end),
      ...(end === text.tokenIds.length && { nextEntropy: text.entropies[end]! }),
    });
  }
}

/** Continuations from `first` on that run side by side: one, or as many as have `tokens` places at the longest's length. */
function endOfGroup(continuations: readonly (readonly number[])[], first: number, tokens: number): number {
  let end = first;
  let longest = 0;
  while (end < continuations.length) {
    longest = Math.max(longest, continuations[end]!.length);
    if (end > first && longest * (end + 1 - first) > tokens) break;
    end++;
  }
  return end;
}
