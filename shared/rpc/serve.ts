/**
 * The server that both services are: their RPCs, health, reflection, auth, deadlines and an orderly end. Handlers are
 * async functions and generators of (request, context); grpc-js is not seen by them.
 */
import {
  type sendUnaryData,
  Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Writable } from "node:stream";
import { ServiceError } from "#shared/errors.js";
import type { Logger } from "#shared/log.js";
import { requireToken } from "./auth.js";
import { type EndedCall, RunningCalls, type ServerCall } from "./calls.js";
import { addHealth } from "./health.js";
import type {
  BidiHandler,
  CallContext,
  Implementation,
  ServerStreamHandler,
  UnaryHandler,
} from "./methods.js";
import type { AnyMethod, Service } from "./proto.js";
import { pump } from "./pump.js";
import { addReflection } from "./reflection.js";
import { messagesOf } from "./requests.js";
import { type ServerTls, serverCredentials } from "./tls.js";

export interface RpcLimits {
  /** Larger messages end the call with RESOURCE_EXHAUSTED before a handler sees them. */
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  /** Calls open at a time on one connection. */
  readonly maxCallsPerConnection: number;
  /** For calls that set no deadline. */
  readonly defaultDeadlineMs: number;
}

export const defaultRpcLimits: RpcLimits = {
  // Room for a 10 MB string, so that it is refused by name rather than by size.
  maxReceiveBytes: 16 * 2 ** 20,
  maxSendBytes: 16 * 2 ** 20,
  maxCallsPerConnection: 256,
  defaultDeadlineMs: 10 * 60_000,
};

export interface ServerOptions {
  readonly services: readonly BoundService[];
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls?: ServerTls;
  /** Calls other than health must carry it as a bearer token. */
  readonly token?: string;
  readonly limits?: RpcLimits;
  readonly log: Logger;
  /** Told of every call of `services` that reached its handler, when it is over. Must not throw. */
  readonly onCallEnd?: (call: EndedCall) => void;
}

export interface RpcServer {
  /** Listens and reports SERVING; resolves to the port. Rejects with `unavailable` when the address cannot be had. */
  start(): Promise<number>;
  /**
   * Reports NOT_SERVING, refuses new calls, lets running ones finish within `graceMs`, then ends them with UNAVAILABLE
   * and closes. Idempotent.
   */
  stop(graceMs: number): Promise<void>;
}

/** A service together with what implements it. */
export interface BoundService {
  readonly name: string;
  readonly methods: Readonly<Record<string, AnyMethod>>;
  readonly handlers: Readonly<Record<string, unknown>>;
}

export function bind<D, H>(service: Service<D, H>, handlers: Implementation<H>): BoundService {
  return { name: service.name, methods: service.methods, handlers };
}

const keepaliveMs = 30_000;
/** Statuses of aborted calls, and the closing of idle connections, get this long to leave. */
const flushMs = 250;

export function createServer(options: ServerOptions): RpcServer {
  const { services, log, limits = defaultRpcLimits } = options;
  const calls = new RunningCalls(limits.defaultDeadlineMs, log, options.onCallEnd);
  const names = services.map((service) => service.name);
  const server = new Server({
    interceptors: options.token === undefined ? [] : [requireToken(options.token, log)],
    "grpc.max_receive_message_length": limits.maxReceiveBytes,
    "grpc.max_send_message_length": limits.maxSendBytes,
    "grpc.max_concurrent_streams": limits.maxCallsPerConnection,
    // Finds clients that vanished without closing their connection.
    "grpc.keepalive_time_ms": keepaliveMs,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.enable_channelz": 0,
  });
  for (const service of services) addService(server, service, calls, log);
  const health = addHealth(server, names);
  addReflection(server, names);

  let stopping: Promise<void> | undefined;
  return {
    async start() {
      warnWhenExposed(options);
      const port = await listen(server, options);
      health.set("SERVING");
      return port;
    },
    stop(graceMs) {
      stopping ??= (async () => {
        health.set("NOT_SERVING");
        const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
        await calls.drain(graceMs);
        await calls.abortAll(flushMs);
        health.close();
        await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, flushMs))]);
        server.forceShutdown();
      })();
      return stopping;
    },
  };
}

function addService(server: Server, service: BoundService, calls: RunningCalls, log: Logger): void {
  const definition: Record<string, AnyMethod> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(service.methods)) {
    const handler = service.handlers[name.charAt(0).toLowerCase() + name.slice(1)];
    definition[name] = { ...method, responseSerialize: loggingFailures(method, log) };
    implementation[name] = adapt(method, handler, calls);
  }
  server.addService(definition, implementation);
}

/** grpc-js ends a call whose response cannot be encoded with a bare INTERNAL; such a bug must reach the log. */
function loggingFailures(method: AnyMethod, log: Logger): AnyMethod["responseSerialize"] {
  return (response) => {
    try {
      return method.responseSerialize(response);
    } catch (err) {
      log.error({ err, method: method.path }, "a response could not be encoded");
      throw err;
    }
  };
}

function adapt(method: AnyMethod, handler: unknown, calls: RunningCalls): UntypedHandleCall {
  if (!method.responseStream) {
    const unary = handler as UnaryHandler<unknown, unknown>;
    return (call: ServerUnaryCall<unknown, unknown>, respond: sendUnaryData<unknown>) =>
      void calls.run(call, async (context) => respond(null, await unary(call.request, context)), respond);
  }
  if (!method.requestStream) {
    const stream = handler as ServerStreamHandler<unknown, unknown>;
    return (call: ServerWritableStream<unknown, unknown>) =>
      void runStream(calls, call, (context) => stream(call.request, context));
  }
  const bidi = handler as BidiHandler<unknown, unknown>;
  return (call: ServerDuplexStream<unknown, unknown>) =>
    void runStream(calls, call, (context) => bidi(messagesOf(call, context.signal), context));
}

function runStream(
  calls: RunningCalls,
  call: ServerCall & Writable,
  open: (context: CallContext) => AsyncIterable<unknown>,
): Promise<void> {
  return calls.run(
    call,
    async (context) => {
      await pump(call, open(context), context.signal);
      call.end();
    },
    (status) => call.emit("error", status),
  );
}

/** host:port, an IPv6 address in brackets. */
export function hostPort(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function listen(server: Server, { host, port, tls }: ServerOptions): Promise<number> {
  const address = hostPort(host, port);
  return new Promise((resolve, reject) => {
    server.bindAsync(address, serverCredentials(tls), (cause, bound) => {
      if (cause === null) resolve(bound);
      else
        reject(
          new ServiceError("unavailable", `cannot listen on ${address}: ${cause.message}`, {}, { cause }),
        );
    });
  });
}

function warnWhenExposed({ host, token, tls, log }: ServerOptions): void {
  const isLoopback = host === "localhost" || host === "::1" || host.startsWith("127.");
  if (isLoopback || token !== undefined || tls !== undefined) return;
  log.warn({ host }, "anyone who reaches this address may call it: set a token or TLS, or bind to 127.0.0.1");
}
