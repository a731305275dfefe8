/** Clients: a service's methods as promises and async iterables, with deadlines, signals, a token and typed errors. */
import {
  type CallOptions as GrpcCallOptions,
  Client as Channel,
  type ClientDuplexStream,
  type ClientReadableStream,
  Metadata,
  type ServiceError as GrpcError,
} from "@grpc/grpc-js";
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceError } from "#shared/errors.js";
import { authorizationKey, bearer } from "./auth.js";
import { fromStatus } from "./errors.js";
import type { BidiCall, CallOptions, ClientMethods } from "./methods.js";
import type { AnyMethod, Service } from "./proto.js";
import { drained } from "./pump.js";
import { messagesOf } from "./requests.js";
import { channelCredentials, type ClientTls } from "./tls.js";

export interface ConnectOptions {
  readonly token?: string;
  /** Unset: plain text. */
  readonly tls?: ClientTls;
  /** Of unary calls that set none. */
  readonly unaryDeadlineMs?: number;
  readonly maxReceiveBytes?: number;
}

export interface Connection {
  /** Resolves once the server is reached; rejects with `unavailable` when that takes longer than `limitMs`. */
  ready(limitMs: number): Promise<void>;
  /** Cancels what runs and closes the channel. Idempotent. */
  close(): void;
}

export type RpcClient<Definition, Handlers> = ClientMethods<Definition, Handlers> & Connection;

const defaultUnaryDeadlineMs = 30_000;
const defaultMaxReceiveBytes = 16 * 2 ** 20;
/** Waits before the second and third attempt of an idempotent call, unless the server names one. */
const retryDelaysMs = [100, 400];
const maxRetryDelayMs = 2000;

/** `address` is host:port, or any name that grpc-js resolves (dns:///host:port). Connects on first use. */
export function createClient<D, H>(
  service: Service<D, H>,
  address: string,
  options: ConnectOptions = {},
): RpcClient<D, H> {
  const channel = new Channel(address, channelCredentials(options.tls), {
    "grpc.max_receive_message_length": options.maxReceiveBytes ?? defaultMaxReceiveBytes,
    "grpc.keepalive_time_ms": 60_000,
    "grpc.enable_channelz": 0,
    // Retries are made here, for idempotent unary calls only; grpc-js would also buffer what streams write.
    "grpc.enable_retries": 0,
  });
  const metadata = new Metadata();
  if (options.token !== undefined) metadata.set(authorizationKey, bearer(options.token));
  const client: Record<string, unknown> = {
    ready: (limitMs: number) => ready(channel, address, limitMs),
    close: () => channel.close(),
  };
  for (const [name, method] of Object.entries(service.methods)) {
    const key = name.charAt(0).toLowerCase() + name.slice(1);
    if (!method.responseStream) client[key] = unaryMethod(channel, method, metadata, options);
    else if (!method.requestStream) client[key] = serverStreamMethod(channel, method, metadata);
    else client[key] = bidiMethod(channel, method, metadata);
  }
  return client as RpcClient<D, H>;
}

function ready(channel: Channel, address: string, limitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.waitForReady(Date.now() + limitMs, (cause) => {
      if (cause === undefined) resolve();
      else
        reject(
          new ServiceError(
            "unavailable",
            `nothing answers at ${address} within ${limitMs} ms; start the server there or check the address`,
            {},
            { cause },
          ),
        );
    });
  });
}

function grpcOptions(deadline: number | undefined): GrpcCallOptions {
  return deadline === undefined ? {} : { deadline };
}

function unaryMethod(channel: Channel, method: AnyMethod, metadata: Metadata, options: ConnectOptions) {
  // The loader gives the option's name where its types say its number.
  const level: unknown = (method as { options?: { idempotency_level?: unknown } }).options?.idempotency_level;
  const delays = level === "NO_SIDE_EFFECTS" || level === "IDEMPOTENT" ? retryDelaysMs : [];
  return async (request: unknown, { deadlineMs, signal }: CallOptions = {}): Promise<unknown> => {
    const deadline = Date.now() + (deadlineMs ?? options.unaryDeadlineMs ?? defaultUnaryDeadlineMs);
    for (let attempt = 0; ; attempt++) {
      try {
        return await unaryCall(channel, method, metadata, request, deadline, signal);
      } catch (error) {
        const delay = delays[attempt];
        if (delay === undefined || !(error instanceof ServiceError) || error.code !== "unavailable")
          throw error;
        const wait = Math.min(error.details.retryAfterMs ?? delay, maxRetryDelayMs);
        if (Date.now() + wait >= deadline) throw error;
        await sleep(wait, undefined, signal === undefined ? {} : { signal }).catch(() =>
          signal?.throwIfAborted(),
        );
      }
    }
  };
}

function unaryCall(
  channel: Channel,
  method: AnyMethod,
  metadata: Metadata,
  request: unknown,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const call = channel.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadata.clone(),
      grpcOptions(deadline),
      (error, response) => {
        signal?.removeEventListener("abort", cancel);
        if (error === null) resolve(response);
        else reject(signal?.aborted === true ? signal.reason : fromStatus(error));
      },
    );
    const cancel = (): void => call.cancel();
    signal?.addEventListener("abort", cancel, { once: true });
  });
}

function serverStreamMethod(channel: Channel, method: AnyMethod, metadata: Metadata) {
  return (request: unknown, { deadlineMs, signal }: CallOptions = {}): AsyncIterable<unknown> => {
    signal?.throwIfAborted();
    const call = channel.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadata.clone(),
      grpcOptions(deadlineMs === undefined ? undefined : Date.now() + deadlineMs),
    );
    return followCall(call, signal).responses;
  };
}

function bidiMethod(channel: Channel, method: AnyMethod, metadata: Metadata) {
  return ({ deadlineMs, signal }: CallOptions = {}): BidiCall<unknown, unknown> => {
    signal?.throwIfAborted();
    const call: ClientDuplexStream<unknown, unknown> = channel.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      metadata.clone(),
      grpcOptions(deadlineMs === undefined ? undefined : Date.now() + deadlineMs),
    );
    const followed = followCall(call, signal);
    const throwIfEnded = (): void => {
      if (followed.ended.aborted) throw followed.ended.reason;
    };
    return {
      async write(request) {
        throwIfEnded();
        if (!call.write(request)) await drained(call, followed.ended);
        throwIfEnded();
      },
      end: () => void call.end(),
      responses: followed.responses,
      cancel: () => call.cancel(),
    };
  };
}

interface FollowedCall {
  readonly responses: AsyncIterable<unknown>;
  /** Aborts when the call has ended, with the error it ended with. */
  readonly ended: AbortSignal;
}

/** Listens to a stream's end from its start on: an error that nobody listens for would end the process. */
function followCall(call: ClientReadableStream<unknown>, signal: AbortSignal | undefined): FollowedCall {
  const ended = new AbortController();
  let failure: unknown;
  const cancel = (): void => call.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  call.once("error", (error: GrpcError) => {
    failure = signal?.aborted === true ? signal.reason : fromStatus(error);
    call.on("error", () => {});
  });
  // Until a stream's first read grpc-js takes in whatever the server sends, without bound.
  call.read(0);
  call.once("status", () => {
    signal?.removeEventListener("abort", cancel);
    ended.abort(failure ?? new ServiceError("failed_precondition", "the server has ended this call"));
  });
  return { responses: responses(), ended: ended.signal };

  async function* responses(): AsyncGenerator<unknown, void, undefined> {
    let complete = false;
    try {
      // What arrived before an error is delivered before it is thrown; a local cancel need not wait for that.
      yield* messagesOf(call, signal ?? new AbortController().signal);
      complete = true;
    } finally {
      if (!complete) call.cancel();
    }
    if (failure !== undefined) throw failure;
  }
}
