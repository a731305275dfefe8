/** Samples whole solutions from the policy through the generator's engine, many problems at a time. */
import type {
  Engine,
  GeneratorInfo,
  Probe,
  Prompt,
  SamplingRequest,
  StepEvent,
} from "#generator/engine/types.js";

export interface RolloutStep {
  readonly nodeId: number;
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly logProbs: readonly number[];
  readonly entropies: readonly number[];
  /** [tokens, outputs] of the session's probes. */
  readonly probeOutputs: Float32Array;
}

/** A chain of steps from the problem to the end of its text. */
export interface SampledSolution {
  readonly steps: readonly RolloutStep[];
  readonly text: string;
  /** Ended by itself, not by a limit. */
  readonly finished: boolean;
}

export interface RolloutOptions {
  readonly count: number;
  readonly seed: number;
  /** Of one solution; where the context has less left, that is the limit. */
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** Other knobs; unset ones are the model's own. */
  readonly sampling?: Omit<SamplingRequest, "temperature">;
  readonly probes?: readonly Probe[];
  /** Completions sampled from every step that could go on, for Monte-Carlo labels. */
  readonly completions?: number;
}

export interface SampledProblem {
  readonly solutions: readonly SampledSolution[];
  /** By the node of a step that could go on: texts of whole solutions completed from there. */
  readonly completions: ReadonlyMap<number, readonly string[]>;
}

/** The steps from the problem down to `last`. */
function chainOf(last: StepEvent, steps: ReadonlyMap<number, StepEvent>): StepEvent[] {
  const chain: StepEvent[] = [];
  for (let at: StepEvent | undefined = last; at !== undefined; at = steps.get(at.parentId)) chain.unshift(at);
  return chain;
}

const textOf = (chain: readonly StepEvent[]): string => chain.map((step) => step.text).join("");
const ended = (step: StepEvent): boolean => step.finishReason === "eos" || step.finishReason === "stop";

/** How a problem is put to a policy: as a user's message where it has a chat template, else as it is. */
export function promptOf({ hasChatTemplate }: GeneratorInfo, problem: string): Prompt {
  return hasChatTemplate
    ? { kind: "messages", messages: [{ role: "user", content: problem }] }
    : { kind: "text", text: problem };
}

/**
 * Steps that nothing follows, a path whose tokens were spent at the very end of a step included, in the order their
 * paths were asked for: they end shortest first, and whoever looks at the first few must not see those.
 */
function leavesOf(group: readonly StepEvent[], steps: ReadonlyMap<number, StepEvent>): StepEvent[] {
  const followed = new Set(group.map(({ parentId }) => parentId));
  const place = (leaf: StepEvent): number => chainOf(leaf, steps)[0]!.childIndex;
  return group.filter(({ nodeId }) => !followed.has(nodeId)).toSorted((a, b) => place(a) - place(b));
}

/** Samples one problem's solutions and, when asked for, completions from each of their steps. */
export async function sampleProblem(
  engine: Engine,
  problem: string,
  options: RolloutOptions,
  signal: AbortSignal,
): Promise<SampledProblem> {
  const { count, seed, temperature, probes = [], completions = 0 } = options;
  const session = await engine.openSession(
    {
      prompt: promptOf(engine.info, problem),
      sampling: { ...options.sampling, temperature },
      seed,
      probes,
      includePromptProbe: false,
      priority: 0,
    },
    signal,
  );
  // A text that the context ends before its limit has not finished either.
  const maxTokens = Math.min(options.maxTokens, engine.info.contextLength);
  const steps = new Map<number, StepEvent>();
  const own = new Set<number>();
  const grow = (nodeId: number, n: number): Promise<void> =>
    session.grow({ nodeId, count: n, until: "end", maxTokens });
  try {
    await grow(0, count);
    if (completions === 0) session.end();
    for await (const event of session.events) {
      if (event.kind === "step") steps.set(event.nodeId, event);
      else if (event.kind === "grown" && event.nodeId === 0 && completions > 0) {
        for (const id of steps.keys()) own.add(id);
        for (const step of steps.values())
          if (step.finishReason === "step") await grow(step.nodeId, completions);
        session.end();
      }
    }
  } finally {
    session.cancel();
  }
  const mine = (step: StepEvent): boolean => completions === 0 || own.has(step.nodeId);
  const [asked, further] = [true, false].map((wanted) =>
    leavesOf(
      [...steps.values()].filter((step) => mine(step) === wanted),
      steps,
    ),
  );
  const solutions = asked!.map((leaf) => {
    const chain = chainOf(leaf, steps);
    return { steps: chain, text: textOf(chain), finished: ended(leaf) };
  });
  const completed = new Map<number, string[]>();
  for (const leaf of further!) {
    const chain = chainOf(leaf, steps);
    const from = chain.findLast((step) => own.has(step.nodeId))!;
    const texts = completed.get(from.nodeId) ?? [];
    texts.push(ended(leaf) ? textOf(chain) : "");
    completed.set(from.nodeId, texts);
  }
  return { solutions, completions: completed };
}

/** Runs `task` over the items, at most `width` at a time, and returns the results in order. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  width: number,
  task: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = Array.from<R>({ length: items.length });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++)
      results[index] = await task(items[index]!, index);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
