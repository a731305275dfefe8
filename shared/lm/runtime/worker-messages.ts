/** What crosses between a Worker and the thread that started it, and how errors survive the crossing. */
import { type ErrorCode, type ErrorDetails, ServiceError } from "#shared/errors.js";

export type ToWorker =
  | { readonly kind: "call"; readonly id: number; readonly method: string; readonly args: unknown }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "close" };

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "refused"; readonly error: WireError }
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: WireError }
  | { readonly kind: "event"; readonly event: unknown };

/** Structured cloning drops an error's class and own fields. */
export type WireError =
  | { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails }
  | { readonly name: string; readonly message: string; readonly stack: string };

export function toWireError(error: unknown): WireError {
  if (error instanceof ServiceError) {
    const { code, message, details } = error;
    return { code, message, details };
  }
  if (error instanceof Error) return { name: error.name, message: error.message, stack: error.stack ?? "" };
  return { name: "Error", message: String(error), stack: "" };
}

export function fromWireError(wire: WireError): Error {
  if ("code" in wire) return new ServiceError(wire.code, wire.message, wire.details);
  const error = new Error(wire.message);
  error.name = wire.name;
  if (wire.stack !== "") error.stack = wire.stack;
  return error;
}

/** Methods of a Worker: one argument each, which is cloned, and a signal that is aborted when the caller gives up. */
export type Methods<M> = {
  readonly [K in keyof M]: (args: never, signal: AbortSignal) => Promise<unknown>;
};
