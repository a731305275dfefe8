/**
 * The whole error policy, and the only place that knows which gRPC status belongs to which error: a ServiceError keeps
 * its code and details, an abort becomes CANCELLED or DEADLINE_EXCEEDED, anything else is a bug, which is logged and
 * leaves as INTERNAL with nothing said.
 */
import { Metadata, status, type ServiceError as GrpcError, type StatusObject } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { ServiceError, type ErrorCode } from "#shared/errors.js";
import { cut, decodeDetails, encodeDetails } from "./status-details.js";

const detailsKey = "grpc-status-details-bin";
/** The message travels as a header; see `maxListed` in status-details. */
const maxMessageLength = 1000;

const statusOf: Readonly<Record<ErrorCode, status>> = {
  invalid_argument: status.INVALID_ARGUMENT,
  not_found: status.NOT_FOUND,
  failed_precondition: status.FAILED_PRECONDITION,
  resource_exhausted: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  unauthenticated: status.UNAUTHENTICATED,
  unimplemented: status.UNIMPLEMENTED,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
  cancelled: status.CANCELLED,
  internal: status.INTERNAL,
};

/** Statuses that this product never sends (UNKNOWN, ABORTED, ...) read as internal. */
const codeOf = new Map(Object.entries(statusOf).map(([code, value]) => [value, code as ErrorCode]));

/** What a handler threw, as the status its call ends with. */
export function toStatus(thrown: unknown, log: Logger): StatusObject {
  const error = asServiceError(thrown);
  if (error === undefined || error.code === "internal") {
    log.error({ err: thrown }, "a call failed on a bug");
    return {
      code: status.INTERNAL,
      details: "internal error; the server's log has it",
      metadata: new Metadata(),
    };
  }
  const code = statusOf[error.code];
  const message = cut(error.message, maxMessageLength);
  const metadata = new Metadata();
  const details = encodeDetails(code, message, error.details);
  if (details !== undefined) metadata.set(detailsKey, details);
  return { code, details: message, metadata };
}

function asServiceError(thrown: unknown): ServiceError | undefined {
  if (thrown instanceof ServiceError) return thrown;
  if (!(thrown instanceof Error)) return undefined;
  if (thrown.name === "TimeoutError") return new ServiceError("deadline_exceeded", "the time limit passed");
  if (thrown.name === "AbortError") return new ServiceError("cancelled", "the call was cancelled");
  return undefined;
}

/** The status a call ended with, as the error its caller sees. */
export function fromStatus(error: GrpcError): ServiceError {
  const bytes = error.metadata?.get(detailsKey)[0];
  const details = bytes instanceof Buffer ? decodeDetails(bytes) : {};
  const message = error.details || error.message;
  return new ServiceError(codeOf.get(error.code) ?? "internal", message, details, { cause: error });
}
