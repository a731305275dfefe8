/**
 * The engine as the services run it, on the shipped models: sampling included, so that the share of time outside
 * `session.run` is what a user pays; and what forking, pruning and scoring cost in tokens.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Engine, EngineSession } from "#generator/engine/types.js";
import { runSolve } from "#cli/client/solve.js";
import { sum } from "#shared/stats.js";
import { generateProblem, type Problem } from "#train/problems/generate.js";
import { openEngine } from "#train/open-models.js";
import { POLICY_DIR } from "#train/paths.js";
import { median } from "./engine/cell.js";
import { type EngineBench, benchEngine } from "./shipped-policy.js";
import { withShippedPair } from "./shipped-pair.js";

export interface ServingMeasurement {
  readonly candidates: number;
  /** Medians over the repeats. */
  readonly tokensPerSecond: number;
  /** Time of the engine's steps that was not spent inside `session.run`, as a share of all. */
  readonly outsideRun: number;
  /** The longest that this thread, which would answer gRPC, was kept from its event loop while the Worker decoded. */
  readonly longestLoopDelayMs: number;
}

export interface TokenCosts {
  readonly searches: number;
  readonly generatedTokens: number;
  /**
   * Tokens that the PRM ran per token of the steps it scored, problem prompts apart. A little below 1: the policy counts
   * the token that ends a text, and the PRM reads text.
   */
  readonly prmTokensPerNewToken: number;
  /** Tokens that the policy ran a second time after forks and prunes. */
  readonly reprefilledTokens: number;
}

const LEVEL = 5;
const REPEATS = 7;
const SEARCHES = 20;

const problemOf = (index: number): Problem => generateProblem({ level: LEVEL }, "test", 99, index);

/** Opens a session for a problem and hands it to `work`; gives its memory back whatever happens. */
async function withSession<T>(
  engine: Engine,
  index: number,
  signal: AbortSignal,
  work: (session: EngineSession) => Promise<T>,
): Promise<T> {
  const messages = [{ role: "user", content: problemOf(index).problem } as const];
  const prompt = { kind: "messages", messages } as const;
  const session = await engine.openSession(
    { prompt, sampling: {}, seed: index, probes: [], includePromptProbe: false, priority: 0 },
    signal,
  );
  try {
    return await work(session);
  } finally {
    session.cancel();
  }
}

/** Samples `count` whole solutions of one problem; returns their tokens. */
const sampleOnce = (engine: Engine, index: number, count: number, signal: AbortSignal): Promise<number> =>
  withSession(engine, index, signal, async (session) => {
    await session.grow({ nodeId: 0, count, until: "end", maxTokens: 120 });
    session.end();
    for await (const event of session.events) if (event.kind === "closed") return event.usage.generatedTokens;
    throw new Error("the session must end with closed");
  });

async function measureServing(
  engine: Engine,
  count: number,
  signal: AbortSignal,
): Promise<ServingMeasurement> {
  await sampleOnce(engine, 0, count, signal);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const rates: number[] = [];
  const shares: number[] = [];
  for (let repeat = 1; repeat <= REPEATS; repeat++) {
    const [before, started] = [engine.stats(), performance.now()];
    const tokens = await sampleOnce(engine, repeat, count, signal);
    const after = engine.stats();
    rates.push((1000 * tokens) / (performance.now() - started));
    shares.push(1 - (after.modelRunMs - before.modelRunMs) / (after.stepMs - before.stepMs));
  }
  delay.disable();
  const longestLoopDelayMs = delay.max / 1e6;
  return {
    candidates: count,
    tokensPerSecond: median(rates),
    outsideRun: median(shares),
    longestLoopDelayMs,
  };
}

/** Beam searches through both services: forks, prunes and incremental scoring at work. */
async function measureTokens(
  count: number,
  signal: AbortSignal,
): Promise<Omit<TokenCosts, "reprefilledTokens">> {
  return withShippedPair(signal, async (verifier) => {
    const flags = { strategy: "beam", n: 16, beamWidth: 4, verifier: "prm" };
    const searches = [];
    for (let i = 0; i < count; i++) {
      let scoredTokens = 0;
      const tokens = new Map<number, number>();
      const solved = await runSolve(
        verifier,
        problemOf(i).problem,
        { ...flags, seed: i },
        signal,
        (event) => {
          if (event.event === "node_added") tokens.set(event.node_id, event.token_count);
          if (event.event === "node_scored") scoredTokens += tokens.get(event.node_id) ?? 0;
        },
      );
      searches.push({ ...solved.usage, scoredTokens });
    }
    const prmTokens = sum(searches.map((each) => each.verifier_tokens - each.prompt_tokens));
    return {
      searches: count,
      generatedTokens: sum(searches.map((each) => each.generated_tokens)),
      prmTokensPerNewToken: prmTokens / sum(searches.map((each) => each.scoredTokens)),
    };
  });
}

/** Grows and prunes one tree by hand, to read the policy's own count of tokens run twice. */
const countReprefilled = (engine: Engine, signal: AbortSignal): Promise<number> =>
  withSession(engine, 0, signal, async (session) => {
    await session.grow({ nodeId: 0, count: 8, until: "step" });
    const steps: number[] = [];
    let rounds = 0;
    for await (const event of session.events) {
      if (event.kind === "step" && event.finishReason === "step") steps.push(event.nodeId);
      if (event.kind === "closed") return event.usage.reprefilledTokens;
      if (event.kind !== "grown") continue;
      const [kept, ...dropped] = steps.splice(0);
      if (kept === undefined || ++rounds === 4) session.end();
      else {
        if (dropped.length > 0) await session.prune(dropped);
        await session.grow({ nodeId: kept, count: 8, until: "step" });
      }
    }
    throw new Error("the session must end with closed");
  });

export interface ShippedReport {
  readonly model: EngineBench;
  readonly serving: readonly ServingMeasurement[];
  readonly tokens: TokenCosts;
}

/** The shipped policy alone, the engine that serves it, and the pair. `quick` leaves most of it out. */
export async function measureShipped(
  { threads, quick }: { readonly threads: number; readonly quick: boolean },
  signal: AbortSignal,
): Promise<ShippedReport> {
  const model = await benchEngine(POLICY_DIR, { threads, ...(quick && { repeats: 2, newTokens: 16 }) });
  const engine = await openEngine(POLICY_DIR, threads);
  try {
    const serving = [];
    for (const count of [1, 4, 16]) serving.push(await measureServing(engine, count, signal));
    const reprefilledTokens = await countReprefilled(engine, signal);
    const tokens = { ...(await measureTokens(quick ? 2 : SEARCHES, signal)), reprefilledTokens };
    return { model, serving, tokens };
  } finally {
    await engine.dispose();
  }
}
