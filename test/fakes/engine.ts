/** An engine without a model: grows children with made-up text at once, or for ever, and records what was asked. */
import { ServiceError } from "#shared/errors.js";
import type { EngineHost } from "#generator/engine/engine-host.js";
import type {
  EngineEvent,
  EngineSession,
  EngineStats,
  FeatureEvent,
  FeaturizeRequest,
  GeneratorInfo,
  GrowRequest,
  NodeId,
  OpenSession,
  StepEvent,
} from "#generator/engine/types.js";

export const fakeInfo: GeneratorInfo = {
  model: "fake",
  architecture: "llama",
  modelHash: "aa",
  tokenizerHash: "bb",
  precision: "fp32",
  parameterCount: 1000,
  flopsPerToken: 2000,
  vocabularySize: 32,
  contextLength: 128,
  hiddenSize: 4,
  hiddenStateCount: 3,
  stepDelimiter: "\n",
  defaultSampling: {
    temperature: 0.8,
    topP: 1,
    minP: 0,
    repetitionPenalty: 1,
    order: "filter_first",
    stop: [],
  },
  hasChatTemplate: true,
  chatTemplateHash: "cc",
  limits: {
    maxSessions: 2,
    maxBatchRows: 4,
    maxKvBytes: 1 << 20,
    maxPrefixCacheBytes: 1 << 10,
    maxNodesPerSession: 100,
    maxPromptBytes: 1000,
    maxGrowCount: 8,
  },
};

export class FakeEngine implements EngineHost {
  readonly info = fakeInfo;
  readonly failure = new AbortController();
  readonly failed = this.failure.signal;
  readonly opened: OpenSession[] = [];
  readonly featurized: FeaturizeRequest[] = [];
  /** What a featurize call yields; what it throws ends it. */
  features: AsyncIterable<FeatureEvent> | Iterable<FeatureEvent> = [];
  readonly sessions = new Set<FakeSession>();
  disposed = 0;
  /** Steps carry this many characters. */
  textLength = 5;
  /** What steps have beside the rest. */
  more: Pick<StepEvent, "nextEntropy" | "hiddenStates"> = {};
  /** A grow yields steps until the session is cancelled. */
  endless = false;

  async openSession(request: OpenSession, signal: AbortSignal): Promise<EngineSession> {
    signal.throwIfAborted();
    if (this.sessions.size >= this.info.limits.maxSessions)
      throw new ServiceError("resource_exhausted", "at most 2 sessions may be open, 2 are", {
        reason: "SESSIONS_FULL",
        retryAfterMs: 500,
      });
    this.opened.push(request);
    const session = new FakeSession(this, request, signal);
    this.sessions.add(session);
    return session;
  }

  async *featurize(request: FeaturizeRequest, signal: AbortSignal): AsyncGenerator<FeatureEvent> {
    signal.throwIfAborted();
    this.featurized.push(request);
    yield* this.features;
  }

  stats(): EngineStats {
    const { size: sessions } = this.sessions;
    return {
      sessions,
      openingSessions: 0,
      usedKvBytes: 7,
      runningRows: 0,
      waitingRows: 0,
      promptTokens: 0,
      cachedPromptTokens: 0,
      generatedTokens: 0,
      modelRunMs: 0,
      stepMs: 0,
      memory: {
        weightBytes: 1000,
        activationBytes: 200,
        limitBytes: 1 << 20,
        prefixKvBytes: 1,
        suffixKvBytes: 2,
        logitsBytes: 3,
        slotBytes: 1,
        prefixCacheBytes: 5,
      },
    };
  }

  async dispose(): Promise<void> {
    this.disposed++;
  }
}

export class FakeSession implements EngineSession {
  readonly opened;
  readonly grows: GrowRequest[] = [];
  yielded = 0;
  cancelled = false;
  private readonly pruned = new Set<NodeId>();
  private readonly queue: EngineEvent[] = [];
  private readonly engine: FakeEngine;
  private readonly signal: AbortSignal;
  private nextId = 1;
  private ended = false;
  private wake = (): void => {};

  constructor(engine: FakeEngine, request: OpenSession, signal: AbortSignal) {
    this.engine = engine;
    this.signal = signal;
    this.opened = {
      promptTokenIds: [1, 2],
      cachedPromptTokens: 1,
      promptProbe: new Float32Array(request.includePromptProbe ? [0.5, -1] : []),
      sampling: { ...fakeInfo.defaultSampling, ...request.sampling },
    };
    signal.addEventListener("abort", () => this.cancel());
  }

  async grow(request: GrowRequest): Promise<void> {
    const { nodeId, count } = request;
    if (this.pruned.has(nodeId))
      throw new ServiceError("failed_precondition", `node ${nodeId} was pruned`, { reason: "NODE_PRUNED" });
    if (nodeId >= this.nextId)
      throw new ServiceError("not_found", `no node ${nodeId}`, { reason: "UNKNOWN_NODE" });
    this.grows.push(request);
    for (let i = 0; i < count; i++) this.queue.push(this.step(nodeId, i));
    this.queue.push({ kind: "grown", nodeId, count });
    this.wake();
  }

  async prune(nodeIds: readonly NodeId[]): Promise<void> {
    for (const id of nodeIds) this.pruned.add(id);
  }

  readonly events: AsyncIterable<EngineEvent> = { [Symbol.asyncIterator]: () => this.deliver() };

  end(): void {
    this.ended = true;
    this.wake();
  }

  cancel(): void {
    this.cancelled = true;
    this.engine.sessions.delete(this);
    this.wake();
  }

  private async *deliver(): AsyncGenerator<EngineEvent, void, undefined> {
    for (;;) {
      this.signal.throwIfAborted();
      if (this.cancelled) return;
      const event = this.engine.endless && this.grows.length > 0 ? this.step(0, 0) : this.queue.shift();
      if (event !== undefined) {
        this.yielded++;
        yield event;
      } else if (this.ended) {
        const usage = {
          promptTokens: 2,
          cachedPromptTokens: 1,
          generatedTokens: 4,
          cancelledTokens: 0,
          reprefilledTokens: 0,
          flops: 1.5e9,
        };
        yield { kind: "closed", usage };
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    }
  }

  private step(parentId: NodeId, childIndex: number): StepEvent {
    return {
      kind: "step",
      nodeId: this.nextId++,
      parentId,
      childIndex,
      tokenIds: [3, 4],
      text: "x".repeat(this.engine.textLength),
      finishReason: "step",
      logProbs: [-0.5, -1],
      entropies: [0.25, 0.75],
      probeOutputs: new Float32Array([1, 2, 3, 4]),
      ...this.engine.more,
    };
  }
}
