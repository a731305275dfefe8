/**
 * Rows on their way through the policy: starts what the budget allows and carries the steps into the inbox. A row is one
 * step, or with `end` one whole solution.
 */
import type { PolicySession, StepSample } from "../ports.js";
import type { Inbox } from "./inbox.js";
import type { Ledger } from "./ledger.js";
import type { Allocation, Group, Path } from "./path.js";
import type { Scores } from "./scoring.js";
import type { SearchPlan } from "./types.js";

/** Everything that happens to a search. */
export type Message =
  | { readonly type: "step"; readonly group: Group; readonly step: StepSample }
  /** A grow has ended; `missingRows`: rows that the policy never delivered the end of. */
  | {
      readonly type: "grown";
      readonly group: Group;
      readonly parent: Path | undefined;
      readonly missingRows: number;
    }
  | { readonly type: "scored"; readonly paths: readonly Path[]; readonly scores: Scores }
  | { readonly type: "deadline" };

export interface GrowthLimits {
  /** The session's; another one is asked for with each grow. */
  readonly temperature: number;
  /** Tokens of one solution; Infinity when the caller set none. */
  readonly maxSolutionTokens: number;
  /** The policy's. It stops a row there by itself, and takes no limit beyond it. */
  readonly contextLength: number;
}

export class Growth {
  private readonly session: PolicySession;
  private readonly inbox: Inbox<Message>;
  private readonly ledger: Ledger;
  private readonly limits: GrowthLimits;
  private until: "step" | "end" = "end";
  private temperature: number;

  constructor(session: PolicySession, inbox: Inbox<Message>, ledger: Ledger, limits: GrowthLimits) {
    this.session = session;
    this.inbox = inbox;
    this.ledger = ledger;
    this.limits = limits;
    this.temperature = limits.temperature;
  }

  /** What the rows that follow are, what they are sampled at, and whether the verifier reads them. */
  begin(until: "step" | "end", { verifier, temperature }: SearchPlan): void {
    this.until = until;
    this.temperature = temperature;
    this.ledger.begin(until, verifier !== "none");
  }

  /** Starts as many of the rows that the group wants as the budget allows; the others go on waiting. */
  start(group: Group): void {
    while (group.wanted.length > 0) {
      const { parent, count } = group.wanted[0]!;
      const granted = this.ledger.grant(count);
      if (granted === 0) return;
      if (granted === count) group.wanted.shift();
      else group.wanted[0] = { parent, count: count - granted };
      this.ledger.rowsStarted(granted);
      group.openGrows++;
      void this.grow(group, { parent, count: granted });
    }
  }

  /** A step has come out of a row. */
  onStep(step: StepSample, parent: Path | undefined): void {
    const contextTokens = parent?.tokenCount ?? 0;
    const rowTokens = step.tokenIds.length + (this.until === "end" ? contextTokens : 0);
    const isCancelled = step.finishReason === "cancelled";
    this.ledger.stepArrived(step.tokenIds.length, contextTokens, isCancelled);
    if (isCancelled) this.ledger.rowStopped(rowTokens);
    else if (this.endsRow(step)) this.ledger.rowEnded(rowTokens);
  }

  /** Nothing grows any more. */
  cancelAll(): void {
    this.session.prune([0]);
  }

  /** Carries one grow's steps into the inbox. Its failure surfaces where the inbox is read. */
  private async grow(group: Group, { parent, count }: Allocation): Promise<void> {
    let missingRows = count;
    try {
      for await (const step of this.session.grow(this.request(parent, count))) {
        if (this.endsRow(step)) missingRows--;
        await this.inbox.put({ type: "step", group, step });
      }
      await this.inbox.put({ type: "grown", group, parent, missingRows });
    } catch (error) {
      this.inbox.fail(error);
    }
  }

  private request(parent: Path | undefined, count: number) {
    const { maxSolutionTokens, contextLength, temperature } = this.limits;
    const left = maxSolutionTokens - (parent?.tokenCount ?? 0);
    const maxTokens = Math.max(1, Math.floor(Math.min(left, this.ledger.remainingTokens())));
    return {
      nodeId: parent?.nodeId ?? 0,
      count,
      until: this.until,
      ...(maxTokens < contextLength && { maxTokens }),
      ...(this.temperature !== temperature && { sampling: { temperature: this.temperature } }),
    };
  }

  private endsRow(step: StepSample): boolean {
    return this.until === "step" || step.finishReason !== "step";
  }
}
