/**
 * Every byte of generation state under one hard cap: the prompts' keys and values, the nodes' own segments, the logits
 * that nodes keep so that children can start, and the batch's slots. Counts only; no tensor is known here.
 */
import assert from "node:assert/strict";
import { ServiceError } from "#shared/errors.js";

/** `prefix`: K/V of a prompt. `segment`: K/V of a node's own tokens. `logits`: the row after a node's last token. */
export type KvKind = "prefix" | "segment" | "logits";

export type KvHoldings = Readonly<Record<KvKind, number>>;

/** When a caller that found the memory full may try again: about the life of a short search. */
const RETRY_AFTER_MS = 1000;

const nothing = (): Record<KvKind, number> => ({ prefix: 0, segment: 0, logits: 0 });

export class KvAccountant {
  readonly capBytes: number;
  readonly #held = new Map<number, Record<KvKind, number>>();
  #heldBytes = 0;
  #slotBytes = 0;

  constructor(capBytes: number) {
    this.capBytes = capBytes;
  }

  get usedBytes(): number {
    return this.#heldBytes + this.#slotBytes;
  }

  canTake(bytes: number): boolean {
    return this.usedBytes + bytes <= this.capBytes;
  }

  /** Throws resource_exhausted when `bytes` more would pass the cap. */
  assertRoom(bytes: number): void {
    if (!this.canTake(bytes)) throw this.exhausted(bytes);
  }

  /** Books `bytes` on a session. Throws resource_exhausted, booking nothing, when the cap would be passed. */
  take(sessionId: number, kind: KvKind, bytes: number): void {
    this.assertRoom(bytes);
    const held = this.#held.get(sessionId) ?? nothing();
    held[kind] += bytes;
    this.#held.set(sessionId, held);
    this.#heldBytes += bytes;
  }

  giveBack(sessionId: number, kind: KvKind, bytes: number): void {
    const held = this.#held.get(sessionId);
    assert(
      held !== undefined && held[kind] >= bytes,
      `session ${sessionId} gives back more ${kind} than it holds`,
    );
    held[kind] -= bytes;
    this.#heldBytes -= bytes;
    if (held.prefix + held.segment + held.logits === 0) this.#held.delete(sessionId);
  }

  heldBy(sessionId: number): KvHoldings {
    return this.#held.get(sessionId) ?? nothing();
  }

  /** The batch's buffers as they are now; they belong to no session. */
  setSlots(bytes: number): void {
    this.#slotBytes = bytes;
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
  checkIntegrity(holdings: ReadonlyMap<number, KvHoldings>, slotBytes: number): void {
    let sum = 0;
    for (const [sessionId, held] of this.#held) {
      assert.deepEqual(held, holdings.get(sessionId), `books of session ${sessionId}`);
      sum += held.prefix + held.segment + held.logits;
    }
    for (const [sessionId, held] of holdings)
      assert(
        this.#held.has(sessionId) || held.prefix + held.segment + held.logits === 0,
        `session ${sessionId} is not booked`,
      );
    assert.equal(this.#heldBytes, sum, "the total is the sum of the books");
    assert.equal(this.#slotBytes, slotBytes, "the slots' bytes");
    assert(this.usedBytes <= this.capBytes, `${this.usedBytes} bytes in use, cap ${this.capBytes}`);
  }
}
