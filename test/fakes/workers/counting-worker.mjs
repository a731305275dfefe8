// A Worker for worker-host.test.ts: every method does one thing that can happen to a call.
import { serveWorker } from "#shared/lm/runtime/worker-guest.js";
import { ServiceError } from "#shared/errors.js";

serveWorker(async ({ start, refuse }, emit) => {
  if (refuse) throw new ServiceError("failed_precondition", "no model here", { reason: "NO_MODEL" });
  let count = start;
  return {
    methods: {
      add: async (amount) => (count += amount),
      announce: async (text) => emit({ text }),
      refuse: async () => {
        throw new ServiceError("resource_exhausted", "full", { retryAfterMs: 5 });
      },
      fail: async () => {
        throw new TypeError("a bug");
      },
      untilCancelled: (_args, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => {
            emit({ text: "cancelled" });
            reject(signal.reason);
          }),
        ),
      die: async () => process.exit(3),
      explode: async () => {
        setImmediate(() => {
          throw new Error("boom");
        });
        await new Promise(() => undefined);
      },
    },
    dispose: async () => emit({ text: `disposed at ${count}` }),
  };
});
