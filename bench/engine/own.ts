/** What only our engine is asked: where its time goes, how it treats several prompts, how long a reader may wait. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "#generator/engine/types.js";
import type { KvSegment, LanguageModel } from "#shared/lm/types.js";
import { type Cell, type Sample, summarise } from "./cell.js";
import { watchForeignLoad } from "./foreign-load.js";
import { oursOf } from "./ours.js";
import { openPrompt } from "./served.js";
import { runTask } from "./task.js";

export interface Overhead {
  readonly rows: number;
  /** Milliseconds of the Worker's steps, and of the part inside `session.run`. */
  readonly stepMs: number;
  readonly modelRunMs: number;
  /** 1 - modelRunMs / stepMs, sampling included. */
  readonly outsideRun: number;
}

/** Time of the engine's steps as the Worker itself counts it, while `rows` candidates of a prompt are sampled. */
export async function measureOverhead(
  engine: Engine,
  prompt: readonly number[],
  rows: number,
  tokens: number,
): Promise<Overhead> {
  const session = await openPrompt(engine, prompt);
  try {
    const before = engine.stats();
    await session.grow({ nodeId: 0, count: rows, until: "step", maxTokens: tokens });
    for await (const event of session.events) if (event.kind === "grown") break;
    const after = engine.stats();
    const stepMs = after.stepMs - before.stepMs;
    const modelRunMs = after.modelRunMs - before.modelRunMs;
    return { rows, stepMs, modelRunMs, outsideRun: 1 - modelRunMs / stepMs };
  } finally {
    session.cancel();
  }
}

export interface Gap {
  /** Between tokens of a running request of four candidates, nothing else going on: median and longest. */
  readonly aloneMedianMs: number;
  readonly aloneLongestMs: number;
  /** The same while a long prompt arrives, from its arrival until its session is open. */
  readonly longestMs: number;
  /** How long that prompt took to open. */
  readonly openMs: number;
  readonly tokensMeanwhile: number;
}

/** The longest wait between two tokens of a running request while a long prompt of another arrives. */
export async function measureGap(
  engine: Engine,
  prompt: readonly number[],
  longPrompt: readonly number[],
): Promise<Gap> {
  const session = await openPrompt(engine, prompt);
  const watching = new AbortController();
  try {
    // Four, because one may end by itself.
    await session.grow({ nodeId: 0, count: 4, until: "step" });
    const times = watchTokens(engine, watching.signal);
    await sleep(1000);
    const arrives = performance.now();
    // Its tokens differ from the running prompt's from the start, so that nothing of it is known.
    const other = await openPrompt(engine, longPrompt.toReversed());
    const opened = performance.now();
    await sleep(200);
    watching.abort();
    other.cancel();
    const alone = gaps((await times).filter((time) => time < arrives));
    const all = await times;
    const meanwhile = all.filter((time) => time > arrives && time < opened);
    const before = all.findLast((time) => time <= arrives) ?? arrives;
    const after = all.find((time) => time >= opened) ?? opened;
    return {
      aloneMedianMs: alone.toSorted((a, b) => a - b)[alone.length >> 1] ?? Number.NaN,
      aloneLongestMs: Math.max(...alone),
      longestMs: Math.max(...gaps([before, ...meanwhile, after])),
      openMs: opened - arrives,
      tokensMeanwhile: meanwhile.length,
    };
  } finally {
    watching.abort();
    session.cancel();
  }
}

const gaps = (times: readonly number[]): number[] => times.slice(1).map((time, i) => time - times[i]!);

/** When the engine's count of tokens changed, looked at every millisecond. */
async function watchTokens(engine: Engine, signal: AbortSignal): Promise<readonly number[]> {
  const times: number[] = [];
  let last = engine.stats().generatedTokens;
  while (!signal.aborted) {
    await sleep(1);
    const { generatedTokens } = engine.stats();
    if (generatedTokens !== last) times.push(performance.now());
    last = generatedTokens;
  }
  return times;
}

export interface MixedPrompts {
  /** Milliseconds of a token for every one of 4 prompts x 4 rows. */
  readonly together: Cell;
  readonly onePromptAtATime: Cell;
}

/** Rows of four prompts in one batch, against a run for each prompt. */
export async function measureMixedPrompts(
  model: LanguageModel,
  text: readonly number[],
  promptTokens: number,
  tokens: number,
  samples: number,
): Promise<MixedPrompts> {
  const wanted = { logits: "none", summary: { temperature: 1 } } as const;
  const prompts = [0, 1, 2, 3].map((i) => text.slice(i * 50, i * 50 + promptTokens));
  const prefixes: KvSegment[] = [];
  for (const prompt of prompts) prefixes.push((await model.prefill(prompt, wanted)).prefix);
  const measure = async (groups: readonly (readonly KvSegment[])[]): Promise<Sample> => {
    const batches = groups.map((group) => {
      const batch = model.createBatch();
      return { batch, rows: group.flatMap((prefix) => [0, 1, 2, 3].map(() => batch.admit(prefix, []))) };
    });
    const step = async (tokenId: number): Promise<void> => {
      for (const { batch, rows } of batches)
        await batch.step(rows.map((row) => ({ row, tokenIds: [tokenId + row], wanted })));
    };
    await step(40);
    const foreign = watchForeignLoad();
    const start = performance.now();
    for (let i = 0; i < tokens; i++) await step(41 + i);
    return { ms: performance.now() - start, steps: tokens, tokens: 16 * tokens, foreign: foreign() };
  };
  const together: Sample[] = [];
  const apart: Sample[] = [];
  for (let i = 0; i < samples; i++) {
    together.push(await measure([prefixes]));
    apart.push(await measure(prefixes.map((prefix) => [prefix])));
  }
  const stepMs = ({ ms, steps }: Sample): number => ms / steps;
  return { together: summarise(together, stepMs), onePromptAtATime: summarise(apart, stepMs) };
}

export interface SlopePoint {
  readonly model: string;
  readonly parameters: number;
  readonly context: number;
  readonly candidates: number;
  readonly stepMs: Cell;
  readonly tokensPerSecond: number;
}

export async function measurePoint(
  model: LanguageModel,
  text: readonly number[],
  point: { readonly context: number; readonly candidates: number },
  tokens: number,
  samples: number,
): Promise<SlopePoint> {
  const { name, parameterCount, contextLength, vocabularySize } = model.info;
  const context = Math.min(point.context, contextLength - tokens - 4);
  const prompt = Array.from({ length: context }, (_, i) => text[i % text.length]! % vocabularySize);
  const taken: Sample[] = [];
  for (let i = 0; i < samples; i++)
    taken.push(
      await runTask(oursOf(model), { kind: "decode", prompt, rows: point.candidates, steps: tokens }),
    );
  const stepMs = summarise(taken, ({ ms, steps }) => ms / steps);
  return {
    model: name,
    parameters: parameterCount,
    context,
    candidates: point.candidates,
    stepMs,
    tokensPerSecond: (1000 * point.candidates) / stepMs.median,
  };
}
