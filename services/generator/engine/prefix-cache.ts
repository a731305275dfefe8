/**
 * The prompts that were run: those that sessions use, and, up to a number of bytes, those that none uses any more, the
 * ones used longest ago going first. A request whose prompt is here shares its keys and values, the very same; one whose
 * prompt begins like another copies whole chunks of it. Only requests with equal salts meet each other's prompts.
 */
import assert from "node:assert/strict";
import type { PrefixPart } from "#shared/lm/types.js";
import { type MemoryAccountant, type MemoryHoldings, noHoldings } from "./memory-accountant.js";
import { type Growable, bytesOf } from "./tree.js";

/** What a prompt is known by. */
export interface PromptKey {
  readonly tokenIds: readonly number[];
  /** Undefined: the tenant of all who name none. */
  readonly salt: string | undefined;
}

export interface StoredPrompt extends PromptKey {
  readonly growable: Growable;
}

export class PrefixCache {
  readonly #accountant: MemoryAccountant;
  readonly #maxBytes: number;
  /** How many sessions use each prompt. */
  readonly #used = new Map<StoredPrompt, number>();
  /** Used by none, in the order in which they became so. */
  readonly #unused = new Set<StoredPrompt>();

  /** `maxBytes`: of prompts that no session uses; at 0 nothing is shared either. */
  constructor(accountant: MemoryAccountant, maxBytes: number) {
    this.#accountant = accountant;
    this.#maxBytes = maxBytes;
  }

  get enabled(): boolean {
    return this.#maxBytes > 0;
  }

  /** The prompt itself. */
  find(key: PromptKey): StoredPrompt | undefined {
    return this.enabled ? this.#all().find((prompt) => isSamePrompt(prompt, key)) : undefined;
  }

  /** The longest beginning in whole chunks of `chunkTokens` that a prompt here has, leaving a token to run. */
  longestPart(key: PromptKey, chunkTokens: number): PrefixPart | undefined {
    let best: StoredPrompt | undefined;
    let tokenCount = 0;
    for (const prompt of this.enabled ? this.#all() : []) {
      const common = prompt.salt === key.salt ? commonTokens(prompt.tokenIds, key.tokenIds) : 0;
      const usable = Math.min(common, key.tokenIds.length - 1);
      const whole = usable - (usable % chunkTokens);
      if (whole > tokenCount) [best, tokenCount] = [prompt, whole];
    }
    if (best === undefined) return undefined;
    // It was of use just now.
    if (this.#unused.delete(best)) this.#unused.add(best);
    return { prefix: best.growable.kv, tokenCount };
  }

  /** A prompt that has run, used by one session. Throws resource_exhausted when it does not fit. */
  add(key: PromptKey, growable: Growable): StoredPrompt {
    const prompt = { ...key, growable };
    this.#book(prompt);
    this.#used.set(prompt, 1);
    return prompt;
  }

  /** One more session uses a prompt that is here. Throws resource_exhausted when slots have passed the cap meanwhile. */
  use(prompt: StoredPrompt): void {
    const sessions = this.#used.get(prompt);
    if (sessions === undefined) {
      this.#evict(prompt);
      this.#book(prompt);
    }
    this.#used.set(prompt, (sessions ?? 0) + 1);
  }

  /** One session less uses it. */
  release(prompt: StoredPrompt): void {
    const sessions = this.#used.get(prompt) ?? 0;
    assert(sessions > 0, "a prompt is released by those who use it");
    if (sessions > 1) {
      this.#used.set(prompt, sessions - 1);
      return;
    }
    this.#used.delete(prompt);
    this.#accountant.giveBack("prefix", prompt.growable.kv.byteLength);
    this.#accountant.giveBack("logits", prompt.growable.logits.byteLength);
    this.#keep(prompt);
  }

  /** Gives up prompts that nobody uses until `bytes` more fit, or there are none. Returns whether they fit. */
  makeRoom(bytes: number): boolean {
    for (const prompt of this.#unused) {
      if (this.#accountant.canTake(bytes)) return true;
      this.#evict(prompt);
    }
    return this.#accountant.canTake(bytes);
  }

  /** Gives up every prompt that nobody uses. */
  clear(): void {
    for (const prompt of this.#unused) this.#evict(prompt);
  }

  /** For tests: what is held. */
  holdings(): MemoryHoldings {
    const held = noHoldings();
    for (const { growable } of this.#used.keys()) {
      held.prefix += growable.kv.byteLength;
      held.logits += growable.logits.byteLength;
    }
    for (const { growable } of this.#unused) held.cached += bytesOf(growable);
    return held;
  }

  #all(): StoredPrompt[] {
    return [...this.#used.keys(), ...this.#unused];
  }

  #book({ growable }: StoredPrompt): void {
    if (!this.makeRoom(bytesOf(growable))) throw this.#accountant.exhausted(bytesOf(growable));
    this.#accountant.take("prefix", growable.kv.byteLength);
    this.#accountant.take("logits", growable.logits.byteLength);
  }

  /** A prompt that nobody uses any more, for later; what was used longest ago makes room. */
  #keep(prompt: StoredPrompt): void {
    const bytes = bytesOf(prompt.growable);
    // Slots are booked as they are and may pass the cap until the next step makes room; then nothing is kept.
    if (bytes > this.#maxBytes || !this.#accountant.canTake(bytes)) return;
    for (const oldest of this.#unused) {
      if (this.#accountant.held.cached + bytes <= this.#maxBytes) break;
      this.#evict(oldest);
    }
    this.#accountant.take("cached", bytes);
    this.#unused.add(prompt);
  }

  #evict(prompt: StoredPrompt): void {
    assert(this.#unused.delete(prompt), "only prompts that nobody uses are given up");
    this.#accountant.giveBack("cached", bytesOf(prompt.growable));
  }
}

export function isSamePrompt(a: PromptKey, b: PromptKey): boolean {
  const length = a.tokenIds.length;
  return a.salt === b.salt && length === b.tokenIds.length && commonTokens(a.tokenIds, b.tokenIds) === length;
}

function commonTokens(a: readonly number[], b: readonly number[]): number {
  const length = Math.min(a.length, b.length);
  let common = 0;
  while (common < length && a[common] === b[common]) common++;
  return common;
}
