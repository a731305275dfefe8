import { describe, expect, test } from "vitest";
import { Ledger } from "#verifier/search/ledger.js";
import type { Budget } from "#verifier/search/types.js";

/** Without layers, so that nothing is spent on attention. */
const info = { flopsPerToken: 2, hiddenSize: 1, hiddenStateCount: 1 };

const ledger = (budget: Budget, solutionTokens = 80, usage = { verifierTokens: 0, flops: 0 }): Ledger =>
  new Ledger(budget, { info, promptTokens: 0, cachedPromptTokens: 0, solutionTokens }, () => usage, {
    tokens: 1,
    flops: 0,
  });

describe("Ledger", () => {
  test("grants everything when nothing is limited", () => {
    expect(ledger({}).grant(256)).toBe(256);
    expect(ledger({}).remainingTokens()).toBe(Infinity);
  });

  test("reserves the expected length of every row", () => {
    const book = ledger({ generatedTokens: 250 });
    expect(book.grant(16)).toBe(3);
    book.rowsStarted(3);
    expect(book.grant(13)).toBe(0);
  });

  test("always grants one row when nothing runs and something is left", () => {
    const book = ledger({ generatedTokens: 5 });
    expect(book.grant(4)).toBe(1);
    book.rowsStarted(1);
    expect(book.grant(3)).toBe(0);
  });

  test("learns from rows that ended, and frees what they did not need", () => {
    const book = ledger({ generatedTokens: 250 });
    book.rowsStarted(1);
    book.stepArrived(10, 0, false);
    book.rowEnded(10);
    expect(book.expectedTokens("end")).toBe(10);
    expect(book.grant(100)).toBe(24);
  });

  test("does not count twice what a running row has already used", () => {
    const book = ledger({ generatedTokens: 200 });
    book.rowsStarted(1);
    book.stepArrived(60, 0, false);
    // 140 left, of which the running row is expected to need 20 more.
    expect(book.grant(4)).toBe(1);
  });

  test("knows steps apart from solutions", () => {
    const book = ledger({ generatedTokens: 100 });
    book.begin("step", false);
    expect(book.grant(16)).toBe(10);
  });

  test("grants nothing once the budget is spent", () => {
    const book = ledger({ generatedTokens: 10 });
    book.rowsStarted(1);
    book.stepArrived(12, 0, false);
    book.rowEnded(12);
    expect(book.remainingTokens()).toBeLessThanOrEqual(0);
    expect(book.grant(1)).toBe(0);
  });

  test("charges both models to the FLOPs", () => {
    const usage = { verifierTokens: 0, flops: 0 };
    const book = ledger({ flops: 100 }, 80, usage);
    book.begin("end", true);
    expect(book.remainingTokens()).toBe(50);
    book.rowsStarted(1);
    book.stepArrived(10, 0, false);
    usage.verifierTokens = 10;
    usage.flops = 30;
    book.scored(10);
    // 100 - 20 - 30, at 2 + 3 a token
    expect(book.remainingTokens()).toBe(10);
    expect(book.canScore(16)).toBe(true);
    expect(book.canScore(17)).toBe(false);
  });

  test("does not mistake the problem's own text for the price of a token", () => {
    const usage = { verifierTokens: 60, flops: 0 };
    const book = ledger({ verifierTokens: 100 }, 80, usage);
    book.begin("end", true);
    book.stepArrived(10, 0, false);
    book.scored(10);
    expect(book.canScore(40)).toBe(true);
    expect(book.canScore(41)).toBe(false);
  });

  test("counts what both models read and write against the tokens, and keeps what waits to be read", () => {
    const usage = { verifierTokens: 0, flops: 0 };
    const book = ledger({ tokens: 100 }, 80, usage);
    book.begin("end", true);
    expect(book.remainingTokens()).toBe(50);
    book.rowsStarted(1);
    book.stepArrived(10, 0, false);
    // 90 left, of which 10 are for reading what has come.
    expect(book.remainingTokens()).toBe(40);
    usage.verifierTokens = 30;
    book.scored(10);
    // 20 of the 30 were the problem's.
    expect(book.remainingTokens()).toBe(30);
    expect(book.scarcest()).toBe("tokens");
  });

  test("reserves nothing for a verifier that does not read", () => {
    const book = ledger({ tokens: 100, verifierTokens: 1 });
    expect(book.remainingTokens()).toBe(100);
  });

  test("charges no reader's tokens to a head that reads states", () => {
    const usage = { verifierTokens: 0, flops: 0 };
    const book = ledger({ flops: 1000 }, 80, usage);
    book.begin("end", true);
    book.stepArrived(100, 0, false);
    usage.flops = 100;
    book.scored(100);
    // 1000 - 200 - 100, at 2 + 1 a token.
    expect(book.remainingTokens()).toBeCloseTo(700 / 3);
  });

  test("before anything was read, what reading will take is known of the verifier, and asked for with the rows", () => {
    const parts = { info, promptTokens: 0, cachedPromptTokens: 0, solutionTokens: 10 };
    const read = (budget: Budget, tokens: number) =>
      new Ledger(budget, parts, () => ({ verifierTokens: 0, flops: 0 }), {
        tokens,
        flops: 3 * info.flopsPerToken,
      });
    expect(read({ tokens: 60 }, 1).remainingTokens(true)).toBe(30);
    expect(read({ tokens: 60 }, 1).remainingTokens(false)).toBe(60);
    expect(read({ tokens: 60 }, 0).remainingTokens(true)).toBe(60);
    const flops = 40 * info.flopsPerToken;
    expect(read({ flops }, 1).remainingTokens(true)).toBe(10);
    expect(read({ flops }, 1).remainingTokens(false)).toBe(40);
  });

  test("counts FLOPs as the generator does: weights, attention, and prompts that were not cached", () => {
    const deep = { flopsPerToken: 10, hiddenSize: 3, hiddenStateCount: 3 };
    const book = new Ledger(
      { flops: 1000 },
      { info: deep, promptTokens: 5, cachedPromptTokens: 2, solutionTokens: 10 },
      () => ({ verifierTokens: 0, flops: 0 }),
      { tokens: 1, flops: 0 },
    );
    const attention = (positions: number): number => 4 * 2 * 3 * positions;
    const prompt = 3 * 10 + attention(3 + 4 + 5);
    expect(book.remainingTokens()).toBeCloseTo((1000 - prompt) / 10);
    book.stepArrived(2, 4, false);
    expect(book.remainingTokens()).toBeCloseTo((1000 - prompt - 2 * 10 - attention(10 + 11)) / 10);
  });

  test("forgets what will not be read any more", () => {
    const book = ledger({ tokens: 100 });
    book.begin("step", true);
    book.stepArrived(10, 0, false);
    book.settled(10);
    expect(book.remainingTokens()).toBe(45);
    book.stepArrived(10, 0, true);
    expect(book.remainingTokens()).toBe(40);
  });

  test("names what there is the least of", () => {
    expect(ledger({}).scarcest()).toBeUndefined();
    expect(ledger({ generatedTokens: 50, flops: 60 }).scarcest()).toBe("flops");
    expect(ledger({ generatedTokens: 20, flops: 60 }).scarcest()).toBe("generated_tokens");
  });
});
