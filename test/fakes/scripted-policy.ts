import type {
  FinishReason,
  GrowRequest,
  NodeId,
  Policy,
  PolicyInfo,
  PolicyOpenOptions,
  StepSample,
} from "#verifier/ports.js";

/** What a row writes next. */
export interface ScriptedStep {
  readonly text: string;
  /** `step` unless said otherwise. */
  readonly finish?: FinishReason;
  /** 1 unless said otherwise; each takes one decode tick. */
  readonly tokens?: number;
}

/**
 * A policy as a function of the place in the tree: `place` is the child index at every depth, `texts` the steps before.
 */
export type Script = (place: readonly number[], texts: readonly string[]) => ScriptedStep;

interface Node {
  readonly id: NodeId;
  readonly place: readonly number[];
  readonly texts: readonly string[];
  readonly parent: Node | undefined;
  children: number;
  pruned: boolean;
}

interface Row {
  readonly node: Node;
  readonly step: ScriptedStep;
  readonly request: GrowRequest;
  readonly parent: Node;
  readonly emit: (step: StepSample) => void;
  readonly end: () => void;
  got: number;
  /** Tokens of this row's earlier steps (until: end). */
  readonly before: number;
}

export interface ScriptedPolicy extends Policy {
  readonly opened: PolicyOpenOptions[];
  readonly grows: GrowRequest[];
  readonly pruned: NodeId[];
  sessionsOpen: number;
  generatedTokens: number;
  cancelledTokens: number;
  /** Most rows that ran at one time. */
  maxRows: number;
}

export interface ScriptedPolicyOptions {
  readonly parameterCount?: number;
  /** What the prompt's probe comes to. */
  readonly promptOutputs?: readonly number[];
  readonly contextLength?: number;
  readonly info?: Partial<PolicyInfo>;
  /** What else a step comes with. */
  readonly dress?: (step: StepSample) => StepSample;
  /** Called before every decode tick; one token of every running row. */
  readonly onTick?: () => void;
  /** Called before a grow's first step; may throw. */
  readonly onGrow?: (request: GrowRequest) => void;
}

/** A policy that decodes like a real one, a token of every running row per tick, from a script. */
export function scriptedPolicy(script: Script, options: ScriptedPolicyOptions = {}): ScriptedPolicy {
  const info: PolicyInfo = {
    model: "scripted",
    modelHash: "0",
    parameterCount: options.parameterCount ?? 1e9,
    flopsPerToken: 2 * (options.parameterCount ?? 1e9),
    contextLength: options.contextLength ?? 512,
    stepDelimiter: "\n",
    hiddenSize: 4,
    hiddenStateCount: 2,
    precision: "fp32",
    chatTemplateHash: "",
    vocabularySize: 50,
    defaultSampling: {},
    ...options.info,
  };
  const policy: ScriptedPolicy = {
    opened: [],
    grows: [],
    pruned: [],
    sessionsOpen: 0,
    generatedTokens: 0,
    cancelledTokens: 0,
    maxRows: 0,
    info: async () => info,
    open: async (_problem, openOptions, signal) => {
      signal.throwIfAborted();
      policy.opened.push(openOptions);
      policy.sessionsOpen++;
      return openSession(policy, script, options, info.contextLength);
    },
  };
  return policy;
}

function openSession(
  policy: ScriptedPolicy,
  script: Script,
  options: ScriptedPolicyOptions,
  contextLength: number,
) {
  const root: Node = { id: 0, place: [], texts: [], parent: undefined, children: 0, pruned: false };
  const nodes = new Map<NodeId, Node>([[0, root]]);
  let rows: Row[] = [];
  let isOpen = true;
  let isDecoding = false;
  let generatedTokens = 0;
  let cancelledTokens = 0;

  const start = (parent: Node, row: Pick<Row, "request" | "emit" | "end" | "before">): void => {
    const place = [...parent.place, parent.children++];
    const step = script(place, parent.texts);
    const node: Node = {
      id: nodes.size,
      place,
      texts: [...parent.texts, step.text],
      parent,
      children: 0,
      pruned: false,
    };
    nodes.set(node.id, node);
    rows.push({ ...row, node, step, parent, got: 0 });
    policy.maxRows = Math.max(policy.maxRows, rows.length);
  };

  const finish = (row: Row, finishReason: FinishReason): void => {
    rows = rows.filter((other) => other !== row);
    const isCancelled = finishReason === "cancelled";
    if (isCancelled) cancelledTokens += row.got;
    if (isCancelled) policy.cancelledTokens += row.got;
    const { dress = (sample) => sample } = options;
    const sample: StepSample = {
      nodeId: row.node.id,
      parentId: row.parent.id,
      text: finishReason === row.step.finish || finishReason === "step" ? row.step.text : "...",
      tokenIds: Array.from({ length: row.got }, (_, i) => i),
      finishReason,
      logProbs: Array.from({ length: row.got }, () => -0.5),
      entropies: Array.from({ length: row.got }, () => 1),
      probeOutputs: new Float32Array(),
    };
    row.emit(dress(sample));
    if (finishReason === "step" && row.request.until === "end")
      start(row.node, { request: row.request, emit: row.emit, end: row.end, before: row.before + row.got });
    else row.end();
  };

  const tick = (): void => {
    options.onTick?.();
    for (const row of rows) {
      if (!rows.includes(row)) continue;
      row.got++;
      generatedTokens++;
      policy.generatedTokens++;
      if (row.got >= (row.step.tokens ?? 1)) finish(row, row.step.finish ?? "step");
      else if (row.before + row.got >= (row.request.maxTokens ?? Infinity)) finish(row, "length");
    }
  };

  const decode = async (): Promise<void> => {
    if (isDecoding) return;
    isDecoding = true;
    while (rows.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      tick();
    }
    isDecoding = false;
  };

  const prune = (nodeIds: readonly NodeId[]): void => {
    for (const id of nodeIds) {
      const node = nodes.get(id);
      if (node !== undefined) node.pruned = true;
    }
    const isPruned = (node: Node | undefined): boolean =>
      node !== undefined && (node.pruned || isPruned(node.parent));
    for (const row of rows) if (isPruned(row.node)) finish(row, "cancelled");
  };

  return {
    promptTokens: 7,
    cachedPromptTokens: 0,
    promptOutputs: options.promptOutputs ?? [],
    grow: (request: GrowRequest) => {
      if (!isOpen) throw new Error("grow after close");
      // As the generator does.
      if ((request.maxTokens ?? 1) > contextLength)
        throw new Error(`grow.max_tokens must be in [1, ${contextLength}], got ${request.maxTokens}`);
      policy.grows.push(request);
      const parent = nodes.get(request.nodeId);
      if (parent === undefined) throw new Error(`grow of unknown node ${request.nodeId}`);
      if (parent.pruned) throw new Error(`grow of pruned node ${request.nodeId}`);
      return stream<StepSample>((emit, end) => {
        options.onGrow?.(request);
        let left = request.count;
        const endRow = (): void => void (--left === 0 && end());
        for (let i = 0; i < request.count; i++) start(parent, { request, emit, end: endRow, before: 0 });
        void decode();
      });
    },
    prune: (nodeIds: readonly NodeId[]) => {
      policy.pruned.push(...nodeIds);
      prune(nodeIds);
    },
    close: async () => {
      prune([0]);
      if (isOpen) policy.sessionsOpen--;
      isOpen = false;
      return {
        promptTokens: 7,
        cachedPromptTokens: 2,
        generatedTokens,
        cancelledTokens,
        flops: 2e9 * generatedTokens,
      };
    },
  };
}

/** What a producer emits, as an async iterable. */
async function* stream<T>(produce: (emit: (value: T) => void, end: () => void) => void): AsyncGenerator<T> {
  const values: T[] = [];
  let hasEnded = false;
  let wake = (): void => undefined;
  produce(
    (value) => {
      values.push(value);
      wake();
    },
    () => {
      hasEnded = true;
      wake();
    },
  );
  for (;;) {
    while (values.length > 0) yield values.shift()!;
    if (hasEnded) return;
    await new Promise<void>((resolve) => (wake = resolve));
  }
}
