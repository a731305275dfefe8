/** The shapes of handlers and client methods, derived from the generated types. */
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
} from "@grpc/grpc-js";
import type { MethodDefinition } from "@grpc/proto-loader";

/** What a handler knows about its call. */
export interface CallContext {
  /**
   * Aborts when the client cancels or vanishes, the deadline passes, or the server shuts down; its reason is the
   * ServiceError that the call ends with. Also aborts once the call has ended.
   */
  readonly signal: AbortSignal;
  /** Epoch milliseconds; always finite, since the server caps calls that set none. */
  readonly deadline: number;
  readonly metadata: Metadata;
  readonly peer: string;
}

export type UnaryHandler<Request, Response> = (request: Request, context: CallContext) => Promise<Response>;
export type ServerStreamHandler<Request, Response> = (
  request: Request,
  context: CallContext,
) => AsyncIterable<Response>;
export type BidiHandler<Request, Response> = (
  requests: AsyncIterable<Request>,
  context: CallContext,
) => AsyncIterable<Response>;

type Handler<H> =
  H extends handleUnaryCall<infer Request, infer Response>
    ? UnaryHandler<Request, Response>
    : H extends handleServerStreamingCall<infer Request, infer Response>
      ? ServerStreamHandler<Request, Response>
      : H extends handleBidiStreamingCall<infer Request, infer Response>
        ? BidiHandler<Request, Response>
        : never;

/** Keys that were written down; the generated interfaces also have an index signature. */
type Named<T> = keyof { [K in keyof T as string extends K ? never : K]: T[K] } & keyof T & string;

/** What a service must implement: `getModelInfo` for `GetModelInfo`. */
export type Implementation<Handlers> = {
  readonly [K in Named<Handlers> as Uncapitalize<K>]: Handler<Handlers[K]>;
};

export interface CallOptions {
  /** From now. Unset: the client's default for unary calls, none for streams. */
  readonly deadlineMs?: number;
  /** Cancels the call; what waits rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** One end of a bidirectional call. */
export interface BidiCall<Request, Response> {
  /** Resolves once more may be written. Rejects with the error that ended the call. */
  write(request: Request): Promise<void>;
  /** Half-close: no more requests. */
  end(): void;
  /** For one consumer. Throws the call's ServiceError; leaving early cancels the call. */
  readonly responses: AsyncIterable<Response>;
  cancel(): void;
}

type ClientMethod<D, H> =
  D extends MethodDefinition<infer Request, infer _Sent, infer _Received, infer Response>
    ? H extends handleUnaryCall<infer _Q, infer _S>
      ? (request: Request, options?: CallOptions) => Promise<Response>
      : H extends handleServerStreamingCall<infer _Q, infer _S>
        ? (request: Request, options?: CallOptions) => AsyncIterable<Response>
        : (options?: CallOptions) => BidiCall<Request, Response>
    : never;

/** A service's methods as promises and async iterables. Errors are ServiceErrors, or the signal's reason. */
export type ClientMethods<Definition, Handlers> = {
  readonly [K in Named<Handlers> & keyof Definition as Uncapitalize<K>]: ClientMethod<
    Definition[K],
    Handlers[K]
  >;
};
