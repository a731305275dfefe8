/** A LocalEngine on the path model, small enough that its limits are met in tests, and what tests do with it. */
import { type BatchEngineOptions } from "#generator/engine/engine.js";
import { LocalEngine } from "#generator/engine/local-engine.js";
import { longestToken } from "#generator/engine/opening.js";
import type {
  EngineEvent,
  EngineLimits,
  EngineSession,
  GeneratorInfo,
  OpenSession,
  StepEvent,
} from "#generator/engine/types.js";
import { PLAIN_SAMPLING } from "#generator/sampling/params.js";
import type { LanguageModel } from "#shared/lm/types.js";
import { EOS, byteTokenizer } from "./byte-tokenizer.js";
import { type PathModel, type PathModelOptions, createPathModel } from "./path-model.js";

export const LIMITS: EngineLimits = {
  maxSessions: 8,
  maxBatchRows: 6,
  maxKvBytes: 1_000_000,
  maxPrefixCacheBytes: 0,
  maxNodesPerSession: 200,
  maxPromptBytes: 1000,
  maxGrowCount: 16,
};

export interface TestEngine<Model extends LanguageModel> {
  readonly engine: LocalEngine;
  readonly model: Model;
  /** Steps until there is no work, checking the books after each. */
  settle(): Promise<void>;
  /** One step, with a look at the books. */
  step(): Promise<void>;
  /** Opens a session, stepping the engine until it is there. */
  open(request?: Partial<OpenSession>, signal?: AbortSignal): Promise<EngineSession>;
}

export interface TestEngineOptions
  extends PathModelOptions,
    Partial<Pick<BatchEngineOptions, "maxUnreadEvents">> {
  readonly limits?: Partial<EngineLimits>;
}

export const OPEN: OpenSession = {
  prompt: { kind: "text", text: "1+1=" },
  sampling: {},
  seed: 7,
  probes: [],
  includePromptProbe: false,
  priority: 0,
};

export function createTestEngine(options: TestEngineOptions = {}): TestEngine<PathModel> {
  return engineOn(createPathModel(options), options);
}

/** The same on any model of at least 258 tokens. */
export function engineOn<Model extends LanguageModel>(
  model: Model,
  { limits, maxUnreadEvents = 1000 }: Pick<TestEngineOptions, "limits" | "maxUnreadEvents"> = {},
): TestEngine<Model> {
  const engine = new LocalEngine({
    info: infoOf(model, { ...LIMITS, ...limits }),
    model,
    text: { tokenizer: byteTokenizer, eosTokenIds: [EOS], maxTokenCharacters: longestToken(byteTokenizer) },
    maxUnreadEvents,
    now: () => performance.now(),
  });
  const step = async (): Promise<void> => {
    await engine.step();
    engine.checkIntegrity();
  };
  const settle = async (): Promise<void> => {
    while (engine.hasWork) await step();
  };
  return {
    engine,
    model,
    step,
    settle,
    async open(request = {}, signal = new AbortController().signal) {
      const opening = engine.openSession({ ...OPEN, ...request }, signal);
      const done = { settled: false };
      // Rejected openings are the caller's to await.
      opening.catch(() => {}).finally(() => (done.settled = true));
      do await step();
      while (!done.settled && engine.hasWork);
      return opening;
    },
  };
}

/** Takes every event that is there; the session must have ended or failed, or `count` says how many to wait for. */
export async function readEvents(session: EngineSession, count = Infinity): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  if (count === 0) return events;
  for await (const event of session.events) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

export function stepsOf(events: readonly EngineEvent[]): StepEvent[] {
  return events.filter((event) => event.kind === "step");
}

/** Steps by their place in the tree, such as "0/2/0", whatever their ids and order. */
export function byPlace(steps: readonly StepEvent[]): Map<string, StepEvent> {
  const places = new Map<number, string>([[0, ""]]);
  const result = new Map<string, StepEvent>();
  for (const step of steps) {
    const place = `${places.get(step.parentId)}/${step.childIndex}`;
    places.set(step.nodeId, place);
    result.set(place, step);
  }
  return result;
}

function infoOf({ info }: LanguageModel, limits: EngineLimits): GeneratorInfo {
  return {
    model: info.name,
    architecture: info.architecture,
    modelHash: info.hash,
    tokenizerHash: byteTokenizer.hash,
    precision: info.precision,
    parameterCount: info.parameterCount,
    flopsPerToken: info.flopsPerToken,
    vocabularySize: info.vocabularySize,
    contextLength: info.contextLength,
    hiddenSize: info.hiddenSize,
    hiddenStateCount: info.hiddenStateCount,
    stepDelimiter: "\n",
    defaultSampling: PLAIN_SAMPLING,
    hasChatTemplate: false,
    chatTemplateHash: "",
    limits,
  };
}
