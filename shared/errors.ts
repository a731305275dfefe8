/**
 * The one error class that callers may act on. Everything else that is thrown is a bug and leaves a service as INTERNAL
 * with nothing leaked. The gRPC status that belongs to a code is known to `rpc/` alone.
 */
export type ErrorCode =
  | "invalid_argument"
  | "not_found"
  | "failed_precondition"
  | "resource_exhausted"
  | "unavailable"
  | "unauthenticated"
  | "unimplemented"
  | "deadline_exceeded"
  | "cancelled"
  | "internal";

export interface ErrorDetails {
  /** The request's fields that are wrong, by path such as `sampling.top_p`. */
  readonly fieldViolations?: readonly { readonly field: string; readonly description: string }[];
  /** Limits that were hit: what is limited, and its limit beside the demand. */
  readonly quotaViolations?: readonly { readonly subject: string; readonly description: string }[];
  /** When trying again makes sense. */
  readonly retryAfterMs?: number;
  /** UPPER_SNAKE reason that programs may switch on. */
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  /** `message` says what must hold, what was got, and what to do about it. */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** A field of a request that does not hold: INVALID_ARGUMENT with the field named. */
export function invalidField(field: string, description: string): ServiceError {
  return new ServiceError("invalid_argument", `${field} ${description}`, {
    fieldViolations: [{ field, description }],
    reason: "INVALID_FIELD",
  });
}
