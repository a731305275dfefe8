/** The calls a server is running: each has a signal, a deadline and an end; drain waits for them. */
import { type Metadata, status as statusCodes, type StatusObject } from "@grpc/grpc-js";
import type { EventEmitter } from "node:events";
import { ServiceError } from "#shared/errors.js";
import type { Logger } from "#shared/log.js";
import { toStatus } from "./errors.js";
import type { CallContext } from "./methods.js";

/** What all four kinds of grpc-js server calls have. */
export interface ServerCall extends EventEmitter {
  readonly cancelled: boolean;
  readonly metadata: Metadata;
  getDeadline(): Date | number;
  getPeer(): string;
  getPath(): string;
}

/** A call that is over, for whoever counts them. */
export interface EndedCall {
  /** `package.Service/Method`; always one that is served. */
  readonly method: string;
  /** The name of its gRPC status: `OK`, `CANCELLED`. */
  readonly status: string;
  readonly ms: number;
}

/** setTimeout fires at once beyond this. */
const maxTimerMs = 2 ** 31 - 1;
/** Timers count on a clock of their own: by the wall clock they may fire so much early. */
const timerSlackMs = 2;

export class RunningCalls {
  private readonly calls = new Map<ServerCall, AbortController>();
  private readonly defaultDeadlineMs: number;
  private readonly log: Logger;
  private readonly onEnd: (call: EndedCall) => void;
  private draining = false;
  private onIdle = (): void => {};

  /** A call that sets no deadline gets `defaultDeadlineMs`. `onEnd` must not throw. */
  constructor(defaultDeadlineMs: number, log: Logger, onEnd: (call: EndedCall) => void = () => {}) {
    this.defaultDeadlineMs = defaultDeadlineMs;
    this.log = log;
    this.onEnd = onEnd;
  }

  get count(): number {
    return this.calls.size;
  }

  /** Runs a handler; what it throws reaches `fail` as a status. Never rejects. */
  async run(
    call: ServerCall,
    handle: (context: CallContext) => Promise<void>,
    fail: (status: StatusObject) => void,
  ): Promise<void> {
    const controller = new AbortController();
    const clientDeadline = Number(call.getDeadline());
    const startedAt = Date.now();
    const deadline = Number.isFinite(clientDeadline) ? clientDeadline : startedAt + this.defaultDeadlineMs;
    const timer = setTimeout(
      () => controller.abort(deadlineExceeded(deadline - startedAt)),
      Math.min(Math.max(deadline - startedAt, 0), maxTimerMs),
    );
    // grpc-js emits "cancelled" once for every call: on cancel, loss of the connection, or after the status was sent.
    this.calls.set(call, controller);
    call.once("cancelled", () => {
      // grpc-js ends what is past its deadline too, and so does the client; theirs may come before ours does.
      const isLate = Date.now() >= deadline - timerSlackMs;
      controller.abort(isLate ? deadlineExceeded(deadline - startedAt) : cancelledByClient());
      this.calls.delete(call);
      if (this.calls.size === 0) this.onIdle();
    });
    let code = 0;
    try {
      if (this.draining) throw shuttingDown();
      await handle({ signal: controller.signal, deadline, metadata: call.metadata, peer: call.getPeer() });
    } catch (thrown) {
      const status = toStatus(thrown, this.log);
      code = status.code;
      fail(status);
    } finally {
      clearTimeout(timer);
      // Releases whatever still waits on the signal, such as a reader of requests that will not come.
      controller.abort(new ServiceError("cancelled", "the call has ended"));
      const [method, ms] = [call.getPath().slice(1), Date.now() - startedAt];
      this.log.debug({ method, code, ms }, "call");
      this.onEnd({ method, status: statusCodes[code]!, ms });
    }
  }

  /** New calls are refused from now on; resolves when no call is left or `graceMs` has passed. */
  async drain(graceMs: number): Promise<void> {
    this.draining = true;
    await this.idleWithin(graceMs);
  }

  /** Ends what still runs with UNAVAILABLE and gives the statuses `flushMs` to leave. */
  async abortAll(flushMs: number): Promise<void> {
    for (const controller of this.calls.values()) controller.abort(shuttingDown());
    await this.idleWithin(flushMs);
  }

  private async idleWithin(limitMs: number): Promise<void> {
    if (this.calls.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function deadlineExceeded(ms: number): ServiceError {
  return new ServiceError("deadline_exceeded", `the call's deadline of ${Math.round(ms)} ms passed`);
}

function cancelledByClient(): ServiceError {
  return new ServiceError("cancelled", "the client cancelled the call or went away");
}

function shuttingDown(): ServiceError {
  return new ServiceError("unavailable", "the server is shutting down; call another replica", {
    reason: "DRAINING",
    retryAfterMs: 1000,
  });
}
