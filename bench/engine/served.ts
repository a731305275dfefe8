/**
 * Our engine as the generator serves it: in its Worker, through sessions, with sampling at temperature 1. What the
 * peers lack is part of it: log-probs and entropies of every token, steps, texts.
 */
import { startEngineHost } from "#generator/engine/engine-host.js";
import type { Engine, EngineSession } from "#generator/engine/types.js";
import type { Precision } from "#shared/lm/types.js";
import type { Sample } from "./cell.js";
import type { Runner } from "./child.js";
import { watchForeignLoad } from "./foreign-load.js";
import type { Task } from "./task.js";

export interface ServedSetup {
  readonly checkpoint: string;
  readonly precision: Precision;
  readonly threads: number;
  readonly cacheDir: string;
}

/** In no text. */
const NO_DELIMITER = "\u{10ffff}";
const WORD_DELIMITER = ",";

const LIMITS = {
  maxSessions: 32,
  maxBatchRows: 64,
  maxKvBytes: 2 ** 32,
  maxNodesPerSession: 100_000,
  maxPromptBytes: 65_536,
  maxGrowCount: 256,
  // Every prompt must run.
  maxPrefixCacheBytes: 0,
};

export const openServed = ({ checkpoint, ...rest }: ServedSetup): Promise<Engine> =>
  startEngineHost({ checkpointDir: checkpoint, ...rest, limits: LIMITS, maxUnreadEvents: 4096 });

export async function createServed(setup: ServedSetup): Promise<Runner> {
  const engine = await openServed(setup);
  return {
    settings: "openSession, grow and events, temperature 1",
    versions: {},
    run: (task) => runServed(engine, task),
    // Its sampler at temperature 0.
    async greedy(prompt, length) {
      const session = await openPrompt(engine, prompt, NO_DELIMITER);
      try {
        await session.grow({
          nodeId: 0,
          count: 1,
          until: "step",
          maxTokens: length,
          sampling: { temperature: 0 },
        });
        return (await collectGrown(session)).tokenIds;
      } finally {
        session.cancel();
      }
    },
    dispose: () => engine.dispose(),
  };
}

let seed = 1;

export const openPrompt = (
  engine: Engine,
  tokenIds: readonly number[],
  stepDelimiter = NO_DELIMITER,
): Promise<EngineSession> =>
  engine.openSession(
    {
      prompt: { kind: "tokens", tokenIds },
      sampling: { temperature: 1 },
      seed: seed++,
      probes: [],
      stepDelimiter,
      includePromptProbe: false,
      priority: 0,
    },
    AbortSignal.any([]),
  );

interface Grown {
  readonly tokens: number;
  /** Of the last step. */
  readonly tokenIds: readonly number[];
  /** Nodes that can go on. */
  readonly open: readonly number[];
}

async function collectGrown(session: EngineSession): Promise<Grown> {
  let tokens = 0;
  let tokenIds: readonly number[] = [];
  const open: number[] = [];
  const iterator = session.events[Symbol.asyncIterator]();
  for (;;) {
    const { value: event, done } = await iterator.next();
    if (done === true) throw new Error("the session ended before it had grown");
    if (event.kind === "grown") return { tokens, tokenIds, open };
    if (event.kind !== "step") continue;
    tokens += event.tokenIds.length;
    tokenIds = event.tokenIds;
    if (event.finishReason === "step") open.push(event.nodeId);
  }
}

async function runServed(engine: Engine, task: Task): Promise<Sample> {
  if (task.kind === "decode") {
    const session = await openPrompt(engine, task.prompt);
    try {
      return await timed(task.steps, () => growOnce(session, task.rows, task.steps));
    } finally {
      session.cancel();
    }
  }
  return timed(task.kind === "first-step" ? task.steps : 0, async () => {
    const session = await openPrompt(
      engine,
      task.prompt,
      task.kind === "beam" ? WORD_DELIMITER : NO_DELIMITER,
    );
    try {
      if (task.kind === "prefill") return task.prompt.length;
      if (task.kind === "first-step") return await growOnce(session, task.rows, task.steps);
      return await runBeam(
        session,
        task.rows,
        task.rounds.map(({ tokens }) => tokens),
      );
    } finally {
      session.cancel();
    }
  });
}

async function timed(steps: number, work: () => Promise<number>): Promise<Sample> {
  const foreign = watchForeignLoad();
  const start = performance.now();
  const tokens = await work();
  return { ms: performance.now() - start, steps, tokens, foreign: foreign() };
}

async function growOnce(session: EngineSession, count: number, maxTokens: number): Promise<number> {
  await session.grow({ nodeId: 0, count, until: "step", maxTokens });
  return (await collectGrown(session)).tokens;
}

/** Steps end at commas, or at the length that the schedule has; the first four that can go on survive. */
async function runBeam(session: EngineSession, rows: number, rounds: readonly number[]): Promise<number> {
  let parents: readonly number[] = [0];
  let tokens = 0;
  for (const maxTokens of rounds) {
    const open: number[] = [];
    const count = Math.floor(rows / parents.length);
    for (const nodeId of parents) await session.grow({ nodeId, count, until: "step", maxTokens });
    for (let i = 0; i < parents.length; i++) {
      const grown = await collectGrown(session);
      tokens += grown.tokens;
      open.push(...grown.open);
    }
    const dropped = open.slice(4);
    if (dropped.length > 0) await session.prune(dropped);
    parents = open.slice(0, 4);
    if (parents.length === 0) break;
  }
  return tokens;
}
