/**
 * A problem goes in, events come out, and at the end an answer with its cost. Pure given its ports: no socket, no model,
 * no clock of its own.
 */
import { assertRequest, assertVerifier } from "../plan/request.js";
import { featuresOf, temperatureFor } from "../plan/planner.js";
import { createSchedule, type Progress } from "../plan/schedule.js";
import type { Clock, Policy, PolicySession, PolicyUsage, ScorerSession, StepScorer } from "../ports.js";
import { Frontier, type Limits, type Message } from "./frontier.js";
import { Inbox } from "./inbox.js";
import { Ledger } from "./ledger.js";
import { noScorer, Scoring } from "./scoring.js";
import { strategies } from "./strategies.js";
import type { Budget, SearchEvent, SearchPlan, SearchRequest, SearchResult, StopReason } from "./types.js";
import { bestFirst, tally, type Tally, warningFor } from "./vote.js";

export interface SearchPorts {
  readonly policy: Policy;
  readonly scorer: StepScorer;
  readonly clock: Clock;
}

const MAX_DEPTH = 40;

/**
 * Searches. A spent budget is a normal end with the best so far. Rejects with a ServiceError for a request that does not
 * hold, with the signal's reason when it aborts, and with whatever a port failed with. Both sessions are closed in every
 * case, also when the caller stops iterating.
 */
export async function* search(
  problem: string,
  ports: SearchPorts,
  request: SearchRequest,
  budget: Budget,
  signal: AbortSignal,
): AsyncGenerator<SearchEvent, SearchResult> {
  signal.throwIfAborted();
  assertRequest(problem, request, budget);
  assertVerifier(request.strategy, ports.scorer.name);
  const startMs = ports.clock.now();
  const open = await openSessions(problem, ports, request, signal);
  const inbox = new Inbox<Message>();
  const ended = new AbortController();
  const onAbort = (): void => inbox.fail(signal.reason);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    if (budget.wallTimeMs !== undefined)
      void ports.clock
        .sleep(startMs + budget.wallTimeMs - ports.clock.now(), ended.signal)
        .then(() => inbox.put({ type: "deadline" }));
    const { policy, scorer, features } = open;
    const ledger = new Ledger(budget, 2 * features.parameterCount, features.solutionTokens, () =>
      scorer.usage(),
    );
    const scoring = new Scoring(
      scorer,
      ledger,
      (paths, scores) => inbox.put({ type: "scored", paths, scores }),
      (reason) => inbox.fail(reason),
    );
    const frontier = new Frontier({ session: policy, inbox, ledger, scoring, limits: limitsOf(request) });
    const schedule = createSchedule(request, features, budget);
    const { plan, stopReason } = yield* runAll(schedule, frontier, ledger);
    const usage = await policy.close();
    const wallMs = ports.clock.now() - startMs;
    return toResult(frontier, plan, stopReason, { usage, scorer, wallMs });
  } finally {
    signal.removeEventListener("abort", onAbort);
    ended.abort();
    inbox.close();
    await open.close();
  }
}

async function* runAll(
  schedule: ReturnType<typeof createSchedule>,
  frontier: Frontier,
  ledger: Ledger,
): AsyncGenerator<SearchEvent, { plan: SearchPlan; stopReason: StopReason }> {
  let plan: SearchPlan | undefined;
  let reason: StopReason = "finished";
  for (;;) {
    const next = schedule.next(progressOf(frontier, ledger, plan));
    if (next.done === true) return { plan: plan!, stopReason: next.value ?? reason };
    const run = next.value;
    if (run.plan !== plan) yield { type: "plan_chosen", plan: run.plan };
    plan = run.plan;
    if (run.candidates > 0) {
      reason = yield* frontier.run(strategies[plan.strategy], { ...plan, n: run.candidates });
      if (reason === "budget" || reason === "deadline") return { plan, stopReason: reason };
    }
  }
}

function progressOf(frontier: Frontier, ledger: Ledger, plan: SearchPlan | undefined): Progress {
  return {
    candidates: frontier.candidates,
    tally: tally(frontier.candidates, plan?.vote ?? "weighted", frontier.cut),
    affordable: Math.max(0, ledger.remainingTokens() / ledger.expectedTokens("end")),
  };
}

interface Sessions {
  readonly policy: PolicySession;
  readonly scorer: ScorerSession;
  readonly features: ReturnType<typeof featuresOf>;
  close(): Promise<unknown>;
}

async function openSessions(
  problem: string,
  { policy, scorer }: SearchPorts,
  request: SearchRequest,
  signal: AbortSignal,
): Promise<Sessions> {
  const features = featuresOf(await policy.info(signal), scorer.name);
  const isRead =
    scorer.name !== "none" && (request.strategy === "auto" || strategies[request.strategy].scored);
  const scorerSession = isRead ? await scorer.open(problem, signal) : noScorer;
  try {
    const policySession = await policy.open(
      problem,
      {
        sampling: { ...request.sampling, temperature: temperatureFor(request) },
        ...(request.seed !== undefined && { seed: request.seed }),
        probes: isRead ? scorer.probes : [],
      },
      signal,
    );
    return {
      policy: policySession,
      scorer: scorerSession,
      features,
      close: () => policySession.close().finally(() => scorerSession.close()),
    };
  } catch (error) {
    scorerSession.close();
    throw error;
  }
}

function limitsOf(request: SearchRequest): Limits {
  return {
    maxDepth: request.maxDepth ?? MAX_DEPTH,
    maxSolutionTokens: request.maxSolutionTokens ?? Infinity,
  };
}

function toResult(
  frontier: Frontier,
  plan: SearchPlan,
  stopReason: StopReason,
  cost: { readonly usage: PolicyUsage; readonly scorer: ScorerSession; readonly wallMs: number },
): SearchResult {
  const { candidates, cut } = frontier;
  const outcome: Tally = tally(candidates, plan.vote, cut);
  const warning = warningFor(outcome, candidates.length, cut);
  const { kept, pruned } = frontier.tokens();
  const { promptTokens, generatedTokens, flops } = cost.usage;
  const verifier = cost.scorer.usage();
  return {
    answer: outcome.winner?.answer ?? "",
    solution: outcome.winner?.text ?? "",
    confidence: outcome.confidence,
    votes: outcome.votes,
    candidates: [...candidates].sort(bestFirst),
    plan,
    usage: {
      promptTokens,
      generatedTokens,
      keptTokens: kept,
      prunedTokens: pruned,
      // All that the policy generated and no completed step accounts for.
      cancelledTokens: generatedTokens - kept - pruned,
      verifierTokens: verifier.verifierTokens,
      flops: flops + verifier.flops,
      wallMs: cost.wallMs,
    },
    stopReason,
    ...(warning !== undefined && { warning }),
  };
}
