/** Types of grpc.health.v1.Health, which grpc-health-check does not export. */
import type { handleServerStreamingCall, handleUnaryCall } from "@grpc/grpc-js";
import type { MethodDefinition } from "@grpc/proto-loader";

export interface HealthCheckRequest {
  /** Full name of a service; empty for the server as a whole. */
  readonly service?: string;
}

export interface HealthCheckResponse {
  readonly status: "UNKNOWN" | "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";
}

type HealthMethod = MethodDefinition<
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckRequest,
  HealthCheckResponse
>;

export interface HealthDefinition {
  readonly Check: HealthMethod;
  readonly Watch: HealthMethod;
}

export interface HealthHandlers {
  readonly Check: handleUnaryCall<HealthCheckRequest, HealthCheckResponse>;
  readonly Watch: handleServerStreamingCall<HealthCheckRequest, HealthCheckResponse>;
}
