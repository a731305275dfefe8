/**
 * The budget of a search, shared by all its runs and rows. A row (a step, or with `end` a whole solution) is reserved at
 * its expected length, its reading by the verifier included, before it may start; the reservation turns into what it
 * really took as its steps arrive. So when the budget is spent, what exceeds it is at most the steps that the running rows
 * were in the middle of.
 */
import type { PolicyInfo, ScorerUsage } from "../ports.js";
import type { Budget, BudgetResource } from "./types.js";

type Until = "step" | "end";

/** What the policy's tokens cost. */
export interface PolicyCost {
  readonly info: Pick<PolicyInfo, "flopsPerToken" | "hiddenSize" | "hiddenStateCount">;
  readonly promptTokens: number;
  /** Of these, tokens that cost nothing. */
  readonly cachedPromptTokens: number;
  /** What a solution takes, as long as none has ended; a step is guessed to be an eighth of it. */
  readonly solutionTokens: number;
}

/** What the verifier takes per generated token that it reads. */
export interface ReadingRate {
  readonly tokens: number;
  readonly flops: number;
}

export class Ledger {
  private readonly budget: Budget;
  private readonly policy: PolicyCost;
  private readonly scorerUsage: () => ScorerUsage;
  private readonly firstRate: ReadingRate;
  /** Mean tokens of the rows that ended, by kind; the prior counts as no row once one has ended. */
  private readonly seen: Record<Until, { rows: number; tokens: number; readonly prior: number }>;
  private until: Until = "end";
  private isRead = false;
  private running = 0;
  private runningTokens = 0;
  private generated = 0;
  private policyFlops: number;
  /** Tokens that arrived and that the verifier has not read yet. */
  private unread = 0;
  private readTokens = 0;
  /** What reading the problem's own text cost. */
  private problem: ScorerUsage = { verifierTokens: 0, flops: 0 };

  /** `firstRate`: what is expected of the verifier as long as it has read nothing. */
  constructor(budget: Budget, policy: PolicyCost, scorerUsage: () => ScorerUsage, firstRate: ReadingRate) {
    this.budget = budget;
    this.policy = policy;
    this.scorerUsage = scorerUsage;
    this.firstRate = firstRate;
    const { promptTokens, cachedPromptTokens, solutionTokens } = policy;
    this.policyFlops = this.flopsOf(promptTokens - cachedPromptTokens, cachedPromptTokens);
    this.seen = {
      step: { rows: 0, tokens: 0, prior: Math.max(1, solutionTokens / 8) },
      end: { rows: 0, tokens: 0, prior: solutionTokens },
    };
  }

  /** What the rows that follow are, and whether the verifier reads them. */
  begin(until: Until, isRead: boolean): void {
    this.until = until;
    this.isRead = isRead;
  }

  /** Mean tokens of a row. */
  expectedTokens(until: Until): number {
    const { rows, tokens, prior } = this.seen[until];
    return rows === 0 ? prior : Math.max(1, tokens / rows);
  }

  /** Tokens that may still be generated; Infinity when nothing limits them. At or below 0 the budget is spent. */
  remainingTokens(isRead = this.isRead): number {
    return Math.min(...Object.values(this.remaining(isRead)));
  }

  /** What there is the least of; undefined when nothing is limited. */
  scarcest(): BudgetResource | undefined {
    const [least] = Object.entries(this.remaining(this.isRead)).toSorted(([, a], [, b]) => a - b) as [
      BudgetResource,
      number,
    ][];
    return least![1] === Infinity ? undefined : least![0];
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

  /** `contextTokens`: of the path before the step. A step that was cancelled is never read. */
  stepArrived(tokens: number, contextTokens: number, isCancelled: boolean): void {
    this.generated += tokens;
    this.runningTokens += tokens;
    this.policyFlops += this.flopsOf(tokens, this.policy.promptTokens + contextTokens);
    if (this.isRead && !isCancelled) this.unread += tokens;
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
    const rate = this.readingRate();
    return (
      tokens * rate.tokens <= Math.min(left.verifier_tokens, left.tokens) && tokens * rate.flops <= left.flops
    );
  }

  /** The verifier has read so many generated tokens. What the first call cost beyond them was the problem's own text. */
  scored(tokens: number): void {
    const used = this.scorerUsage();
    if (this.readTokens === 0 && tokens > 0) {
      const verifierTokens = Math.max(0, used.verifierTokens - tokens);
      const flops = used.verifierTokens === 0 ? 0 : (used.flops * verifierTokens) / used.verifierTokens;
      this.problem = { verifierTokens, flops };
    }
    this.readTokens += tokens;
    this.settled(tokens);
  }

  /** So many tokens will not be read any more: they have been, or nobody needs them. */
  settled(tokens: number): void {
    this.unread = Math.max(0, this.unread - tokens);
  }

  /** Tokens that each resource still pays for, after those that wait for the verifier. */
  private remaining(isRead: boolean): Record<Exclude<BudgetResource, "wall_time">, number> {
    const left = this.left();
    const rate = isRead ? this.readingRate() : { tokens: 0, flops: 0 };
    const per = (amount: number, reading: number, generating: number): number =>
      amount === Infinity ? Infinity : (amount - this.unread * reading) / (generating + reading);
    return {
      generated_tokens: left.generated_tokens,
      verifier_tokens: rate.tokens === 0 ? Infinity : per(left.verifier_tokens, rate.tokens, 0),
      tokens: per(left.tokens, rate.tokens, 1),
      flops: per(left.flops, rate.flops, this.policy.info.flopsPerToken),
    };
  }

  private left() {
    const { generatedTokens = Infinity, verifierTokens = Infinity, flops = Infinity } = this.budget;
    const used = this.scorerUsage();
    return {
      generated_tokens: generatedTokens - this.generated,
      verifier_tokens: verifierTokens - used.verifierTokens,
      tokens: (this.budget.tokens ?? Infinity) - this.generated - used.verifierTokens,
      flops: flops - used.flops - this.policyFlops,
    };
  }

  private readingRate(): ReadingRate {
    if (this.readTokens === 0) return this.firstRate;
    const used = this.scorerUsage();
    return {
      tokens: (used.verifierTokens - this.problem.verifierTokens) / this.readTokens,
      flops: (used.flops - this.problem.flops) / this.readTokens,
    };
  }

  /** As the generator counts them: the weights, and in each layer 4 per channel and attended position. */
  private flopsOf(tokens: number, contextTokens: number): number {
    const { flopsPerToken, hiddenSize, hiddenStateCount } = this.policy.info;
    const attended = tokens * contextTokens + (tokens * (tokens + 1)) / 2;
    return tokens * flopsPerToken + 4 * (hiddenStateCount - 1) * hiddenSize * attended;
  }
}
