import { describe, expect, test } from "vitest";
import { Ledger } from "#verifier/search/ledger.js";
import type { Budget } from "#verifier/search/types.js";

const ledger = (budget: Budget, solutionTokens = 80, usage = { verifierTokens: 0, flops: 0 }): Ledger =>
  new Ledger(budget, 2, solutionTokens, () => usage);

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
    book.stepArrived(10);
    book.rowEnded(10);
    expect(book.expectedTokens("end")).toBe(10);
    expect(book.grant(100)).toBe(24);
  });

  test("does not count twice what a running row has already used", () => {
    const book = ledger({ generatedTokens: 200 });
    book.rowsStarted(1);
    book.stepArrived(60);
    // 140 left, of which the running row is expected to need 20 more.
    expect(book.grant(4)).toBe(1);
  });

  test("knows steps apart from solutions", () => {
    const book = ledger({ generatedTokens: 100 });
    book.begin("step");
    expect(book.grant(16)).toBe(10);
  });

  test("grants nothing once the budget is spent", () => {
    const book = ledger({ generatedTokens: 10 });
    book.rowsStarted(1);
    book.stepArrived(12);
    book.rowEnded(12);
    expect(book.remainingTokens()).toBeLessThanOrEqual(0);
    expect(book.grant(1)).toBe(0);
  });

  test("charges both models to the FLOPs", () => {
    const usage = { verifierTokens: 0, flops: 0 };
    const book = ledger({ flops: 100 }, 80, usage);
    expect(book.remainingTokens()).toBe(50);
    book.rowsStarted(1);
    book.stepArrived(10);
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
    book.stepArrived(10);
    book.scored(10);
    expect(book.canScore(40)).toBe(true);
    expect(book.canScore(41)).toBe(false);
  });
});
