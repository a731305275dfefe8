/** What crosses between the engine in its Worker and the thread that talks to clients: ids and numbers, no tensors. */
import type { WireError } from "#shared/lm/runtime/worker-messages.js";
import type { AnyEvent } from "./event-weight.js";
import type {
  FeaturizeRequest,
  GeneratorInfo,
  GrowRequest,
  NodeId,
  OpenSession,
  SessionOpened,
} from "./types.js";

/** The engine's methods, by message. `session` is a number that the caller chose, for a session or a featurize call. */
export interface EngineMethods {
  describe(args: null): Promise<EngineDescription>;
  open(args: { session: number; request: OpenSession }, signal: AbortSignal): Promise<SessionOpened>;
  /** Resolves when it is heard; the rest is events. */
  featurize(args: { session: number; request: FeaturizeRequest }): Promise<void>;
  grow(args: { session: number; request: GrowRequest }): Promise<void>;
  prune(args: { session: number; nodeIds: readonly NodeId[] }): Promise<void>;
  end(args: { session: number }): Promise<void>;
  cancel(args: { session: number }): Promise<void>;
  /** The reader took an event of that weight. */
  read(args: { session: number; weight: number }): Promise<void>;
}

export interface EngineDescription {
  readonly info: GeneratorInfo;
  /** See `shared-stats`. */
  readonly stats: SharedArrayBuffer;
}

/** What the Worker tells of a session on its own: an event, or that no more will come. */
export type SessionMessage =
  | { readonly session: number; readonly event: AnyEvent }
  | { readonly session: number; readonly over: true; readonly error?: WireError };
