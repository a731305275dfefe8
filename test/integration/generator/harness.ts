import { onTestFinished } from "vitest";
import { toConfig } from "#generator/config.js";
import { createService } from "#generator/service.js";
import { createClient } from "#shared/rpc/connect.js";
import type { ExpandRequest } from "#shared/rpc/gen/deliberate/v1/ExpandRequest.js";
import type { ExpandResponse__Output } from "#shared/rpc/gen/deliberate/v1/ExpandResponse.js";
import { generatorService } from "#shared/rpc/proto.js";
import { FakeEngine } from "../../fakes/engine.js";

/** The real service on a free port, with a fake engine; stopped when the test ends. */
export async function startGenerator(env: Readonly<Record<string, string>> = {}) {
  const engine = new FakeEngine();
  const settings = { GENERATOR_POLICY: "unused", GENERATOR_PORT: "0", GENERATOR_GRACE_MS: "0", ...env };
  const service = await createService(toConfig({ GENERATOR_LOG_LEVEL: "silent", ...settings }), { engine });
  const address = await service.start();
  const client = createClient(generatorService, address);
  onTestFinished(async () => {
    client.close();
    await service.stop();
  });
  /** Sends requests, half-closes, and collects the replies. */
  const expand = async (...requests: readonly ExpandRequest[]): Promise<ExpandResponse__Output[]> => {
    const call = client.expand();
    const replies: ExpandResponse__Output[] = [];
    const writing = (async () => {
      for (const request of requests) await call.write(request);
      call.end();
    })().catch(() => {});
    for await (const reply of call.responses) replies.push(reply);
    await writing;
    return replies;
  };
  return { engine, service, client, expand, address };
}
