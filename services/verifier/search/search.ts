/**
 * A problem goes in, events come out, and at the end an answer with its cost. Pure given its ports: no socket, no model,
 * no clock of its own.
 */
import type { Calibration } from "../plan/calibration/calibration.js";
import { applicable } from "../plan/calibration/fits.js";
import { promptScoreOf, toProbe } from "../plan/calibration/prompt-probe.js";
import { assertRequest, assertVerifier } from "../plan/request.js";
import { featuresOf, temperatureFor, verifierTokensPerToken } from "../plan/planner.js";
import { createSchedule, type Progress } from "../plan/schedule.js";
import type { Clock, Policy, PolicyInfo, PolicySession, ScorerSession, StepScorer } from "../ports.js";
import { Frontier } from "./frontier.js";
import { Growth, type Message } from "./growth.js";
import { Inbox } from "./inbox.js";
import { Ledger } from "./ledger.js";
import { toResult } from "./result.js";
import { noScorer, Scoring } from "./scoring.js";
import { isScored, strategyOf } from "./strategies.js";
import type {
  Budget,
  BudgetResource,
  SearchEvent,
  SearchPlan,
  SearchRequest,
  SearchResult,
  StopReason,
} from "./types.js";
import type { Tally } from "./vote.js";

export interface SearchPorts {
  readonly policy: Policy;
  readonly scorer: StepScorer;
  readonly clock: Clock;
  /** Plans AUTO and tells how far answers can be trusted, where it applies to the request. */
  readonly calibration?: Calibration | undefined;
}

const MAX_DEPTH = 40;
/** Longer than any solution worth waiting for; a candidate that rambles would fill a long context. */
const MAX_SOLUTION_TOKENS = 2048;

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
  assertVerifier(request, ports.scorer.name);
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
    const { policy, scorer, features, temperature } = open;
    const { contextLength } = open.info;
    const { promptTokens, cachedPromptTokens } = policy;
    const ledger = new Ledger(
      budget,
      { info: open.info, promptTokens, cachedPromptTokens, solutionTokens: features.solutionTokens },
      () => scorer.usage(),
      { tokens: verifierTokensPerToken(features), flops: features.verifierFlopsPerToken },
    );
    const scoring = new Scoring(
      scorer,
      ports.scorer.readsBareEnds === true,
      ledger,
      (paths, scores) => inbox.put({ type: "scored", paths, scores }),
      (reason) => inbox.fail(reason),
    );
    const { maxSolutionTokens = MAX_SOLUTION_TOKENS, maxDepth = MAX_DEPTH, seed = 0 } = request;
    const growth = new Growth(policy, inbox, ledger, { maxSolutionTokens, contextLength, temperature });
    const { calibration } = features;
    const limits = { maxDepth, maxSolutionTokens };
    const frontier = new Frontier({
      session: policy,
      inbox,
      ledger,
      growth,
      scoring,
      calibration,
      seed,
      ...limits,
    });
    const schedule = createSchedule(request, features, budget, progressOf(frontier, ledger, undefined));
    const { plan, stopReason } = yield* runAll(schedule, frontier, ledger, scorer);
    const usage = await policy.close();
    return toResult(
      frontier,
      plan,
      { stopReason, exhausted: exhaustedBy(stopReason, ledger) },
      {
        policy: usage,
        scorer: scorer.usage(),
        wallMs: ports.clock.now() - startMs,
        audit: scorer.audit?.(),
      },
    );
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
  scorer: ScorerSession,
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
      if (plan.verifier !== "none") await scorer.begin?.();
      reason = yield* frontier.run(strategyOf(plan), { ...plan, n: run.candidates });
      if (reason === "budget" || reason === "deadline") return { plan, stopReason: reason };
    }
  }
}

function exhaustedBy(stopReason: StopReason, ledger: Ledger): BudgetResource | undefined {
  if (stopReason === "deadline") return "wall_time";
  return stopReason === "budget" ? ledger.scarcest() : undefined;
}

function progressOf(frontier: Frontier, ledger: Ledger, plan: SearchPlan | undefined): Progress {
  return {
    candidates: frontier.candidates,
    tally: plan === undefined ? NOTHING_YET : frontier.outcome(plan),
    affordable: (isRead) => Math.max(0, ledger.remainingTokens(isRead) / ledger.expectedTokens("end")),
  };
}

const NOTHING_YET: Tally = { votes: [], winner: undefined, confidence: 0, mass: 0 };

interface Sessions {
  readonly policy: PolicySession;
  readonly scorer: ScorerSession;
  readonly features: ReturnType<typeof featuresOf>;
  readonly info: PolicyInfo;
  /** Of the policy's session. */
  readonly temperature: number;
  close(): Promise<unknown>;
}

async function openSessions(
  problem: string,
  { policy, scorer, calibration }: SearchPorts,
  request: SearchRequest,
  signal: AbortSignal,
): Promise<Sessions> {
  const info = await policy.info(signal);
  const applied = applicable(calibration, request, info, scorer);
  const features = featuresOf(info, scorer, applied);
  const promptProbe = request.strategy === "auto" ? applied?.promptProbe : undefined;
  const isRead = scorer.name !== "none" && isScored(request.strategy);
  const temperature = temperatureFor(request, features);
  const sampling = { ...request.sampling, temperature };
  if (isRead) scorer.sampling?.assertFits(sampling);
  const scorerSession = isRead ? await scorer.open(problem, signal) : noScorer;
  try {
    const policySession = await policy.open(
      problem,
      {
        sampling,
        ...(request.seed !== undefined && { seed: request.seed }),
        ...(request.priority !== undefined && { priority: request.priority }),
        ...(request.cacheSalt !== undefined && { cacheSalt: request.cacheSalt }),
        probes: isRead ? scorer.probes : [],
        ...(promptProbe !== undefined && { promptProbe: toProbe(promptProbe, info) }),
        ...(scorerSession.needsHiddenStates === true && { includeHiddenStates: true }),
      },
      signal,
    );
    return {
      policy: policySession,
      scorer: scorerSession,
      features: { ...features, ...promptScoreOf(promptProbe, policySession) },
      info,
      temperature,
      close: () => policySession.close().finally(() => scorerSession.close()),
    };
  } catch (error) {
    scorerSession.close();
    throw error;
  }
}
