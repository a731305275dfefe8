/** How long the calls of a server take and how they end, under OpenTelemetry's names for RPC. */
import type { EndedCall } from "#shared/rpc/calls.js";
import { DURATION_BOUNDS_S, type Metrics } from "./metrics.js";

export function createCallRecorder(metrics: Metrics): (call: EndedCall) => void {
  const record = metrics.histogram(
    {
      name: "rpc.server.call.duration",
      unit: "s",
      description: "Duration of calls that reached a handler, streams from the first message to the status.",
    },
    DURATION_BOUNDS_S,
  );
  return ({ method, status, ms }) =>
    record(ms / 1000, {
      "rpc.system.name": "grpc",
      "rpc.method": method,
      "rpc.response.status_code": status,
    });
}
