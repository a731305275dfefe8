/**
 * One Expand call as a PolicySession: writes grows and prunes, reads the one stream of answers and hands each step to
 * the grow it belongs to. When the stream ends early, every grow under way and every later one rejects with the reason.
 */
import { ServiceError } from "#shared/errors.js";
import type { BidiCall } from "#shared/rpc/methods.js";
import type { ExpandRequest } from "#shared/rpc/gen/deliberate/v1/ExpandRequest.js";
import type { ExpandResponse__Output } from "#shared/rpc/gen/deliberate/v1/ExpandResponse.js";
import type { Opened__Output } from "#shared/rpc/gen/deliberate/v1/Opened.js";
import type { GrowRequest, NodeId, PolicyInfo, PolicySession, PolicyUsage, StepSample } from "../ports.js";
import { toGrow, toStepSample } from "./codec.js";
import { GrowStream } from "./grow-stream.js";

export type ExpandCall = BidiCall<ExpandRequest, ExpandResponse__Output>;

/** Beyond so many steps that nobody has read, no more are taken from the socket: gRPC then holds the generator back. */
const MAX_WAITING_STEPS = 512;
/** How long a session that is closed waits for its running rows before it is cancelled. */
const CLOSE_LIMIT_MS = 5000;

export class ExpandSession implements PolicySession {
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly promptOutputs: readonly number[];
  readonly #call: ExpandCall;
  readonly #flopsPerToken: number;
  readonly #stateWidth: number;
  /** Under way, in the order asked for. */
  readonly #grows: GrowStream[] = [];
  /** The grow that each node came from, for the nodes that follow it in a grow to the end. */
  readonly #growOf = new Map<NodeId, GrowStream>();
  readonly #childCounts = new Map<NodeId, number>();
  readonly #finished: Promise<PolicyUsage>;
  #failure: { readonly error: unknown } | undefined;
  #closing = false;
  #generated = 0;
  #cancelled = 0;
  #onRoom: () => void = () => undefined;

  /** `responses` stand after Opened. The FLOPs per token serve when the generator ends without telling what was spent. */
  constructor(
    call: ExpandCall,
    responses: AsyncIterator<ExpandResponse__Output>,
    opened: Pick<Opened__Output, "promptTokenIds" | "cachedPromptTokens" | "promptProbe">,
    info: Pick<PolicyInfo, "flopsPerToken" | "hiddenStateCount" | "hiddenSize">,
    /** Outputs of the prompt's probe. */
    promptOutputs: number,
  ) {
    this.#call = call;
    this.promptTokens = opened.promptTokenIds.length;
    this.cachedPromptTokens = opened.cachedPromptTokens;
    this.promptOutputs = promptOutputs === 0 ? [] : opened.promptProbe.slice(-promptOutputs);
    this.#flopsPerToken = info.flopsPerToken;
    this.#stateWidth = info.hiddenStateCount * info.hiddenSize;
    this.#finished = this.#read(responses);
  }

  grow(request: GrowRequest): AsyncIterable<StepSample> {
    const { nodeId, count } = request;
    const firstChild = this.#childCounts.get(nodeId) ?? 0;
    const grow = new GrowStream(request, firstChild, () => this.#onRoom());
    if (this.#failure !== undefined) grow.fail(this.#failure.error);
    else if (this.#closing)
      grow.fail(new ServiceError("failed_precondition", "a closed session cannot grow"));
    else {
      this.#childCounts.set(nodeId, firstChild + count);
      this.#grows.push(grow);
      // A write that fails means that the call has ended; its error reaches the grow through the reader.
      this.#call.write({ grow: toGrow(request) }).catch(() => undefined);
    }
    return grow;
  }

  prune(nodeIds: readonly NodeId[]): void {
    if (!this.#closing) this.#sendPrune(nodeIds);
  }

  async close(): Promise<PolicyUsage> {
    if (!this.#closing) {
      this.#closing = true;
      this.#sendPrune([0]);
      for (const grow of this.#grows) grow.abandon(new ServiceError("cancelled", "the session was closed"));
      this.#onRoom();
      this.#endWhenIdle();
    }
    const timer = setTimeout(() => this.#call.cancel(), CLOSE_LIMIT_MS);
    try {
      return await this.#finished;
    } finally {
      clearTimeout(timer);
    }
  }

  #sendPrune(nodeIds: readonly NodeId[]): void {
    if (nodeIds.length === 0 || this.#failure !== undefined) return;
    this.#call.write({ prune: { nodeIds: [...nodeIds] } }).catch(() => undefined);
  }

  /** Half-closes once nothing runs any more, since what runs may still have to be pruned. */
  #endWhenIdle(): void {
    if (this.#closing && this.#grows.length === 0) this.#call.end();
  }

  /** Reads to the end of the call; never rejects. */
  async #read(responses: AsyncIterator<ExpandResponse__Output>): Promise<PolicyUsage> {
    try {
      for (;;) {
        await this.#room();
        const next = await responses.next();
        if (next.done === true) throw endedEarly();
        const { step, grown, closed } = next.value;
        if (step)
          this.#deliver(step.childIndex, toStepSample(step, this.#stateWidth, this.promptOutputs.length));
        else if (grown) this.#endGrow(grown.nodeId);
        else if (closed?.usage) {
          this.#fail(new ServiceError("failed_precondition", "the session has ended"));
          return closed.usage;
        } else throw endedEarly();
      }
    } catch (error) {
      this.#fail(error);
      await responses.return?.();
      return this.#countedUsage();
    }
  }

  async #room(): Promise<void> {
    const waiting = (): number => this.#grows.reduce((sum, grow) => sum + grow.waiting, 0);
    while (waiting() >= MAX_WAITING_STEPS)
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
  }

  #deliver(childIndex: number, step: StepSample): void {
    this.#generated += step.tokenIds.length;
    if (step.finishReason === "cancelled") this.#cancelled += step.tokenIds.length;
    const grow = this.#ownerOf(step.parentId, childIndex);
    if (grow === undefined) return;
    this.#growOf.set(step.nodeId, grow);
    // Nobody waits for what follows; otherwise it would run on to the end of its text.
    if (grow.isLeft && step.finishReason !== "cancelled") this.#sendPrune([step.nodeId]);
    grow.push(step);
  }

  /** A node's children come in the order of its grows; other parents are nodes of a grow to the end. */
  #ownerOf(parentId: NodeId, childIndex: number): GrowStream | undefined {
    const asked = this.#grows.filter(({ request }) => request.nodeId === parentId);
    const exact = asked.find(
      ({ firstChild, request }) => childIndex >= firstChild && childIndex < firstChild + request.count,
    );
    return exact ?? this.#growOf.get(parentId) ?? asked[0];
  }

  /** Grows of one node end in the order they were asked for. */
  #endGrow(nodeId: NodeId): void {
    const index = this.#grows.findIndex(({ request }) => request.nodeId === nodeId);
    if (index >= 0) this.#grows.splice(index, 1)[0]!.end();
    this.#endWhenIdle();
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    for (const grow of this.#grows.splice(0)) grow.fail(error);
  }

  #countedUsage(): PolicyUsage {
    return {
      promptTokens: this.promptTokens,
      cachedPromptTokens: this.cachedPromptTokens,
      generatedTokens: this.#generated,
      cancelledTokens: this.#cancelled,
      flops: (this.promptTokens - this.cachedPromptTokens + this.#generated) * this.#flopsPerToken,
    };
  }
}

function endedEarly(): ServiceError {
  return new ServiceError("unavailable", "the generator must end a session with Closed, but ended it before");
}
