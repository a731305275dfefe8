import {
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  ResponderBuilder,
  type Metadata,
} from "@grpc/grpc-js";
import { createHash, timingSafeEqual } from "node:crypto";
import { ServiceError } from "#shared/errors.js";
import type { Logger } from "#shared/log.js";
import { toStatus } from "./errors.js";

/** Probes of an orchestrator carry no token, and health says nothing that a port scan does not. */
const exempt = "/grpc.health.v1.Health/";
export const authorizationKey = "authorization";

export function bearer(token: string): string {
  return `Bearer ${token}`;
}

/** Refuses calls without `authorization: Bearer <token>` before a message of theirs is read. */
export function requireToken(token: string, log: Logger): ServerInterceptor {
  const expected = digest(bearer(token));
  const isAllowed = (metadata: Metadata): boolean =>
    timingSafeEqual(digest(String(metadata.get(authorizationKey)[0] ?? "")), expected);
  const refusal = new ServiceError(
    "unauthenticated",
    "a valid bearer token is required: send metadata authorization: Bearer <token>",
    { reason: "TOKEN_REQUIRED" },
  );
  return (method, call) => {
    if (method.path.startsWith(exempt)) return new ServerInterceptingCall(call);
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        if (isAllowed(metadata)) next(metadata);
        else call.sendStatus(toStatus(refusal, log));
      })
      .build();
    return new ServerInterceptingCall(
      call,
      new ResponderBuilder().withStart((next) => next(listener)).build(),
    );
  };
}

/** Equal lengths for timingSafeEqual, whatever was sent. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
