import {
  type handleServerStreamingCall,
  type Server,
  type ServerWritableStream,
  status as statuses,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import type { ServerCall } from "./calls.js";

interface HealthHandlers extends UntypedServiceImplementation {
  watch: handleServerStreamingCall<unknown, unknown>;
}

export interface Health {
  set(status: "SERVING" | "NOT_SERVING"): void;
  /** Ends the watchers, who would otherwise hold their connections open. */
  close(): void;
}

/** grpc.health.v1 for the server as a whole ("") and each named service; NOT_SERVING until set. */
export function addHealth(server: Server, services: readonly string[]): Health {
  const health = new HealthImplementation();
  const set: Health["set"] = (status) => {
    for (const name of ["", ...services]) health.setStatus(name, status);
  };
  set("NOT_SERVING");
  const watchers = new Set<ServerCall>();
  // The library neither ends watchers nor tells of them, so its handler is wrapped on the way to the server.
  health.addToServer({
    addService(definition: Parameters<Server["addService"]>[0], handlers: HealthHandlers) {
      server.addService(definition, {
        ...handlers,
        watch: (call: ServerWritableStream<unknown, unknown>) => {
          watchers.add(call);
          call.once("cancelled", () => watchers.delete(call));
          handlers.watch(call);
        },
      });
    },
  } as Server);
  return {
    set,
    close() {
      for (const call of watchers)
        call.emit("error", { code: statuses.UNAVAILABLE, details: "shutting down" });
    },
  };
}
