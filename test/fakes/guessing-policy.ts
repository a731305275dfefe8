/**
 * A policy that guesses the answers of problems such as "3+4?": right about half of the time, and its states say which
 * (number 0 of every token that follows token RIGHT or WRONG). Sampling depends on the seed and the child's index only.
 */
import type { Engine, EngineSession, GrowRequest, OpenSession, StepEvent } from "#generator/engine/types.js";
import { toHalf } from "#shared/half.js";
import { createRng } from "#shared/rng.js";
import type { FeatureRequest, Featurizer } from "#train/swift/featurizer.js";
import { fakeInfo } from "./engine.js";

export const [RIGHT, WRONG] = [1, 2];
export const WIDTH = fakeInfo.hiddenSize * fakeInfo.hiddenStateCount;

/** Problem `i` of a set, with its answer. */
export const sum = (i: number) => ({ id: `p${i}`, problem: `${i}+${i + 1}?`, answer: String(2 * i + 1) });

export class GuessingPolicy implements Engine, Featurizer {
  readonly info = fakeInfo;
  readonly opened: OpenSession[] = [];
  readonly featurized: FeatureRequest[] = [];
  /** Called before a problem's features are given. */
  onFeaturize: () => void = () => {};
  /** Solutions whose index is divisible by it are cut off; 0: none. */
  cutEvery = 0;

  async openSession(request: OpenSession, signal: AbortSignal): Promise<EngineSession> {
    signal.throwIfAborted();
    this.opened.push(request);
    const events: StepEvent[] = [];
    return {
      opened: {
        promptTokenIds: [1, 2],
        cachedPromptTokens: 0,
        promptProbe: new Float32Array(0),
        sampling: fakeInfo.defaultSampling,
      },
      grow: async (grow: GrowRequest) => {
        for (let child = 0; child < grow.count; child++) events.unshift(...this.#solve(request, child));
      },
      prune: async () => {},
      events: (async function* () {
        yield* events;
      })(),
      end: () => {},
      cancel: () => {},
    };
  }

  async *featurize(request: FeatureRequest) {
    this.featurized.push(request);
    this.onFeaturize();
    const tokenCounts = request.continuations.map(({ tokenIds }) => tokenIds.length);
    yield {
      kind: "featurizing" as const,
      promptTokenIds: [1, 2],
      cachedPromptTokens: 0,
      width: WIDTH,
      tokenCounts,
    };
    for (const [continuation, { tokenIds }] of request.continuations.entries()) {
      const values = tokenIds.flatMap((id, t) => this.#state(id, t));
      // In two chunks, as a long text comes.
      const half = WIDTH * Math.ceil(tokenIds.length / 2);
      const chunk = (from: number, to: number) => ({
        kind: "chunk" as const,
        continuation,
        firstToken: from / WIDTH,
        tokenIds: tokenIds.slice(from / WIDTH, to / WIDTH),
        values: Uint16Array.from(values.slice(from, to), toHalf),
        logProbs: Array.from({ length: (to - from) / WIDTH }, () => -1),
        entropies: Array.from({ length: (to - from) / WIDTH }, () => 1),
      });
      yield chunk(0, half);
      if (half < values.length) yield chunk(half, values.length);
    }
    const usage = {
      promptTokens: 2,
      cachedPromptTokens: 0,
      generatedTokens: 0,
      cancelledTokens: 0,
      reprefilledTokens: 0,
      flops: 0,
    };
    yield { kind: "featurized" as const, usage };
  }

  stats(): never {
    throw new Error("not used");
  }

  async dispose(): Promise<void> {}

  /** Two steps; the later children end first. */
  #solve({ prompt, seed }: OpenSession, child: number): StepEvent[] {
    const rng = createRng(seed, "guess", child);
    const content = prompt.kind === "messages" ? prompt.messages[0]!.content : "0+0?";
    const answer = content.split("+").reduce((total, part) => total + Number.parseInt(part, 10), 0);
    const isRight = rng.next() < 0.5;
    const isCut = this.cutEvery > 0 && child % this.cutEvery === 0;
    const step = (nodeId: number, parentId: number, text: string, tokenIds: number[]): StepEvent => ({
      kind: "step",
      nodeId,
      parentId,
      childIndex: parentId === 0 ? child : 0,
      tokenIds,
      text,
      finishReason: parentId === 0 ? "step" : isCut ? "length" : "eos",
      logProbs: tokenIds.map(() => -0.25 - rng.next()),
      entropies: tokenIds.map(() => rng.next()),
      probeOutputs: new Float32Array(0),
    });
    return [
      step(2 * child + 1, 0, "let me guess\n", [3 + rng.int(8), isRight ? RIGHT : WRONG]),
      step(2 * child + 2, 2 * child + 1, `#### ${answer + (isRight ? 0 : 1 + rng.int(3))}`, [
        3 + rng.int(8),
        0,
      ]),
    ];
  }

  #state(id: number, token: number): number[] {
    const rng = createRng("state", id, token);
    const state = Array.from({ length: WIDTH }, () => rng.normal());
    if (id === RIGHT || id === WRONG) state[0] = id === RIGHT ? 4 : -4;
    return state;
  }
}
