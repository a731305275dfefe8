/**
 * Every byte of generation state under one hard cap, by what it is for. Prompts that are only kept for later requests
 * are counted too, and give way to everything else: `PrefixCache` sees to that. Counts only; no tensor is known here.
 */
import assert from "node:assert/strict";
import { ServiceError } from "#shared/errors.js";

/**
 * `prefix`: K/V of prompts that sessions use, each once, and of those that are being run. `suffix`: K/V of nodes' own
 * tokens. `logits`: what prompts and nodes keep so that children can start. `slots`: the batch's buffers. `features`: those
 * of texts being featurized. `cached`: prompts that no session uses.
 */
export type MemoryKind = "prefix" | "suffix" | "logits" | "slots" | "features" | "cached";

export type MemoryHoldings = Readonly<Record<MemoryKind, number>>;

/** When a caller that found the memory full may try again: about the life of a short search. */
const RETRY_AFTER_MS = 1000;

export const noHoldings = (): Record<MemoryKind, number> => ({
  prefix: 0,
  suffix: 0,
  logits: 0,
  slots: 0,
  features: 0,
  cached: 0,
});

export class MemoryAccountant {
  readonly capBytes: number;
  readonly #held = noHoldings();

  constructor(capBytes: number) {
    this.capBytes = capBytes;
  }

  get held(): MemoryHoldings {
    return this.#held;
  }

  /** What sessions need; not what is only kept for later. */
  get usedBytes(): number {
    const { prefix, suffix, logits, slots, features } = this.#held;
    return prefix + suffix + logits + slots + features;
  }

  canTake(bytes: number): boolean {
    return this.usedBytes + this.#held.cached + bytes <= this.capBytes;
  }

  /** Throws resource_exhausted, booking nothing, when the cap would be passed. */
  take(kind: MemoryKind, bytes: number): void {
    if (!this.canTake(bytes)) throw this.exhausted(bytes);
    this.#held[kind] += bytes;
  }

  giveBack(kind: MemoryKind, bytes: number): void {
    assert(this.#held[kind] >= bytes, `${bytes} bytes of ${kind} given back, ${this.#held[kind]} are held`);
    this.#held[kind] -= bytes;
  }

  /** The batch's buffers as they are now. */
  setSlots(bytes: number): void {
    this.#held.slots = bytes;
  }

  /** `resource_exhausted` for a demand; without a time to retry when it can never be met. */
  exhausted(bytes: number): ServiceError {
    const possible = bytes <= this.capBytes;
    const remedy = possible
      ? "try again when other sessions have ended"
      : "raise the server's limit or send a shorter prompt";
    return new ServiceError(
      "resource_exhausted",
      `keys and values are limited to ${this.capBytes} bytes, ${this.usedBytes} are in use and ${bytes} more are needed; ${remedy}`,
      { reason: "KV_MEMORY", ...(possible ? { retryAfterMs: RETRY_AFTER_MS } : {}) },
    );
  }

  /** For tests: the books agree with what the live objects hold. Throws an AssertionError otherwise. */
  checkIntegrity(holdings: MemoryHoldings): void {
    assert.deepEqual(this.#held, holdings, "the books are what is there");
    const bytes = this.usedBytes + this.#held.cached;
    assert(bytes <= this.capBytes, `${bytes} bytes are held, cap ${this.capBytes}`);
  }
}
