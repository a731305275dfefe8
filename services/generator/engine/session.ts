/** One session: its tree, the grows under way, the events that its reader has not taken yet. Runs nothing. */
import { ServiceError, invalidField } from "#shared/errors.js";
import type { LinearProbe } from "#shared/lm/types.js";
import { type Sampler, createSampler } from "#generator/sampling/sampler.js";
import { EventQueue } from "./event-queue.js";
import type { MemoryAccountant } from "./memory-accountant.js";
import type { PreparedOpening, TextModel } from "./opening.js";
import { Row } from "./row.js";
import { type Growable, StepTree, type TreeNode } from "./tree.js";
import type {
  EngineEvent,
  EngineLimits,
  GeneratorInfo,
  GrowRequest,
  Sampling,
  SessionOpened,
} from "./types.js";
import type { UsageMeter } from "./usage.js";

export interface SessionOptions {
  readonly prepared: PreparedOpening;
  readonly prompt: OpenedPrompt;
  readonly info: GeneratorInfo;
  readonly text: TextModel;
  readonly usage: UsageMeter;
  readonly accountant: MemoryAccountant;
  /** Called when the reader took an event. */
  readonly onRead: () => void;
}

/** A prompt that is ready to be continued. */
export interface OpenedPrompt {
  readonly growable: Growable;
  readonly cachedTokens: number;
  /** What was asked about its last token, see `PromptRequest`. */
  readonly probe: Float32Array;
  /** Gives it back; to be called once. */
  release(): void;
}

/** One grow: `remaining` of its children (with what follows each) are not over yet. */
export interface GrowJob {
  readonly node: TreeNode;
  readonly count: number;
  readonly until: "step" | "end";
  readonly sampling: Sampling;
  readonly sampler: Sampler;
  remaining: number;
}

export class Session {
  readonly opened: SessionOpened;
  readonly seed: number;
  readonly priority: number;
  readonly stepDelimiter: string;
  readonly probes: readonly LinearProbe[];
  readonly includeHiddenStates: boolean;
  /** Numbers in all hidden states of a token. */
  readonly stateWidth: number;
  readonly text: TextModel;
  readonly contextLength: number;
  readonly tree: StepTree;
  readonly usage: UsageMeter;
  readonly events: EventQueue<EngineEvent>;
  /** Rows of this session that wait or run. */
  readonly rows = new Set<Row>();
  /** No more requests will come. */
  ending = false;
  /** Called once, when the session is over. */
  onOver: (() => void) | undefined;
  readonly #limits: EngineLimits;
  readonly #prompt: OpenedPrompt;
  /** Grows of each node, oldest first: they report in that order. */
  readonly #jobs = new Map<TreeNode, GrowJob[]>();
  #over = false;

  constructor({ prepared, prompt, info, text, usage, accountant, onRead }: SessionOptions) {
    const { sampling } = prepared;
    const { tokenIds: promptTokenIds } = prepared.prompt;
    const { cachedTokens: cachedPromptTokens, probe: promptProbe } = prompt;
    this.opened = { promptTokenIds, cachedPromptTokens, promptProbe, sampling };
    this.seed = prepared.seed;
    this.priority = prepared.prompt.priority;
    this.stepDelimiter = prepared.stepDelimiter;
    this.probes = prepared.probes;
    this.includeHiddenStates = prepared.includeHiddenStates;
    this.stateWidth = info.hiddenStateCount * info.hiddenSize;
    this.text = text;
    this.contextLength = info.contextLength;
    this.usage = usage;
    this.events = new EventQueue(onRead);
    this.#limits = info.limits;
    const { maxNodesPerSession: maxNodes } = info.limits;
    this.tree = new StepTree(promptTokenIds, prompt.growable, { maxNodes, accountant });
    this.#prompt = prompt;
  }

  /** Closed, cancelled or failed; nothing of it is left in the engine. */
  get over(): boolean {
    return this.#over;
  }

  /** Nothing runs, waits or has still to be reported. */
  get idle(): boolean {
    return this.#jobs.size === 0;
  }

  /** New rows, one per child. Rejections as in `EngineSession.grow`; nothing has changed then. */
  grow(request: GrowRequest): Row[] {
    this.assertAlive();
    this.#assertInRange(request);
    const { node: parent, logits } = this.tree.growable(request.nodeId);
    const refusal = this.tree.refuseNodes(request.count);
    if (refusal !== undefined) throw refusal;
    const sampling = { ...this.opened.sampling, ...request.sampling };
    const { count, until, maxTokens = Infinity } = request;
    const job: GrowJob = {
      node: parent,
      count,
      until,
      sampling,
      sampler: createSampler(sampling),
      remaining: count,
    };
    this.#jobs.set(parent, [...(this.#jobs.get(parent) ?? []), job]);
    return Array.from({ length: count }, () => {
      const row = new Row(this, job, this.tree.addChild(parent), logits, maxTokens);
      this.rows.add(row);
      return row;
    });
  }

  /** The row that goes on where `row` ended its step, in a node of its own; there must be room for it. */
  follow(row: Row): Row {
    this.rows.delete(row);
    // The node's own copy: the row's logits are a piece of what the model gave for all rows, and `next` may wait.
    const { logits } = this.tree.growable(row.node.id);
    const next = new Row(this, row.job, this.tree.addChild(row.node), logits, row.tokensLeft);
    this.rows.add(next);
    return next;
  }

  /** A row is over and nothing follows it: reports its grow when that was the last. */
  leave(row: Row): void {
    this.rows.delete(row);
    row.job.remaining--;
    const { node } = row.job;
    const jobs = this.#jobs.get(node) ?? [];
    while (jobs[0]?.remaining === 0)
      this.events.push({ kind: "grown", nodeId: node.id, count: jobs.shift()!.count });
    if (jobs.length === 0) this.#jobs.delete(node);
  }

  assertAlive(): void {
    if (this.over) throw new ServiceError("cancelled", "the session is over; open another");
    if (this.ending)
      throw new ServiceError(
        "failed_precondition",
        "a session that was ended takes no more requests; open another",
        {
          reason: "SESSION_ENDED",
        },
      );
  }

  /** Forgets rows and jobs and gives back the memory of tree and prompt. */
  dispose(): void {
    if (this.#over) return;
    this.#over = true;
    this.rows.clear();
    this.#jobs.clear();
    this.tree.clear();
    this.#prompt.release();
    this.onOver?.();
  }

  #assertInRange({ count, maxTokens }: GrowRequest): void {
    const { maxGrowCount } = this.#limits;
    if (!Number.isSafeInteger(count) || count < 1 || count > maxGrowCount)
      throw invalidField("grow.count", `must be in [1, ${maxGrowCount}], got ${count}`);
    if (
      maxTokens !== undefined &&
      (!Number.isSafeInteger(maxTokens) || maxTokens < 1 || maxTokens > this.contextLength)
    )
      throw invalidField(
        "grow.max_tokens",
        `must be in [1, ${this.contextLength}] (the context), got ${maxTokens}`,
      );
  }
}
