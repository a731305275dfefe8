/**
 * The budget in tokens. A row (a step, or with `end` a whole solution) is reserved at its expected length before it may
 * start; the reservation turns into what it really took as its steps arrive. So when the budget is spent, what exceeds it
 * is at most the steps that the running rows were in the middle of.
 */
import type { ScorerUsage } from "../ports.js";
import type { Budget } from "./types.js";

type Until = "step" | "end";

export class Ledger {
  private readonly budget: Budget;
  private readonly flopsPerToken: number;
  private readonly scorerUsage: () => ScorerUsage;
  /** Mean tokens of the rows that ended, by kind; the prior counts as no row once one has ended. */
  private readonly seen: Record<Until, { rows: number; tokens: number; readonly prior: number }>;
  private until: Until = "end";
  private running = 0;
  private runningTokens = 0;
  private scoredTokens = 0;
  private problemTokens = 0;
  /** Tokens that arrived. */
  generated = 0;

  /** `solutionTokens`: what a solution takes, as long as none has ended; a step is guessed to be an eighth of it. */
  constructor(budget: Budget, flopsPerToken: number, solutionTokens: number, scorerUsage: () => ScorerUsage) {
    this.budget = budget;
    this.flopsPerToken = flopsPerToken;
    this.scorerUsage = scorerUsage;
    this.seen = {
      step: { rows: 0, tokens: 0, prior: Math.max(1, solutionTokens / 8) },
      end: { rows: 0, tokens: 0, prior: solutionTokens },
    };
  }

  /** What the rows that follow are. */
  begin(until: Until): void {
    this.until = until;
  }

  /** Mean tokens of a row. */
  expectedTokens(until: Until): number {
    const { rows, tokens, prior } = this.seen[until];
    return rows === 0 ? prior : Math.max(1, tokens / rows);
  }

  /** Tokens that may still be generated; Infinity when nothing limits them. At or below 0 the budget is spent. */
  remainingTokens(): number {
    const left = this.left();
    return Math.min(
      (this.budget.generatedTokens ?? Infinity) - this.generated,
      left.verifierTokens / this.verifierRate().tokens,
      left.flops / (this.flopsPerToken + this.verifierRate().flops),
    );
  }

  /** How many of `wanted` rows may start now. One always may when nothing runs and anything is left. */
  grant(wanted: number): number {
    const remaining = this.remainingTokens();
    if (remaining === Infinity) return wanted;
    if (remaining <= 0) return 0;
    const expected = this.expectedTokens(this.until);
    const free = remaining - Math.max(0, this.running * expected - this.runningTokens);
    return Math.max(this.running === 0 ? 1 : 0, Math.min(wanted, Math.floor(free / expected)));
  }

  rowsStarted(rows: number): void {
    this.running += rows;
  }

  stepArrived(tokens: number): void {
    this.generated += tokens;
    this.runningTokens += tokens;
  }

  /** A row of `tokens` ended by itself; its length teaches what to expect. */
  rowEnded(tokens: number): void {
    this.seen[this.until].rows++;
    this.seen[this.until].tokens += tokens;
    this.rowStopped(tokens);
  }

  /** A row was cancelled, or never came to be. */
  rowStopped(tokens: number): void {
    this.running--;
    this.runningTokens = this.running === 0 ? 0 : this.runningTokens - tokens;
  }

  /** Whether a verifier call over so many new tokens fits. */
  canScore(tokens: number): boolean {
    const left = this.left();
    const rate = this.verifierRate();
    return tokens * rate.tokens <= left.verifierTokens && tokens * rate.flops <= left.flops;
  }

  /** The verifier has read so many generated tokens. What the first call cost beyond them was the problem's own text. */
  scored(tokens: number): void {
    const used = this.scorerUsage();
    if (this.scoredTokens === 0) this.problemTokens = Math.max(0, used.verifierTokens - tokens);
    this.scoredTokens += tokens;
  }

  private left(): { verifierTokens: number; flops: number } {
    const { verifierTokens = Infinity, flops = Infinity } = this.budget;
    const used = this.scorerUsage();
    return {
      verifierTokens: verifierTokens - used.verifierTokens,
      flops: flops - used.flops - this.generated * this.flopsPerToken,
    };
  }

  /** Verifier tokens and FLOPs per generated token; one token and nothing until it has read some. */
  private verifierRate(): { tokens: number; flops: number } {
    if (this.scoredTokens === 0) return { tokens: 1, flops: 0 };
    const used = this.scorerUsage();
    return {
      tokens: Math.max(1, (used.verifierTokens - this.problemTokens) / this.scoredTokens),
      flops: used.flops / Math.max(1, used.verifierTokens),
    };
  }
}
