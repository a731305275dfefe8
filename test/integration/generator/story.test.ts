/** A checkpoint made by others, from the contract alone: the service in front of its Worker, over a real socket. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { toConfig } from "#generator/config.js";
import { createService } from "#generator/service.js";
import { createClient } from "#shared/rpc/connect.js";
import { generatorService } from "#shared/rpc/proto.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { describeWithShared, sharedPath } from "../../shared-data.js";

describeWithShared("stories260K through Expand", ["models/stories260K"], () => {
  test("tells its known story word for word", async () => {
    const directory = sharedPath("models", "stories260K")!;
    const expected = JSON.parse(readFileSync(`${directory}/expected.json`, "utf8")) as {
      greedy_ids: number[];
      text: string;
    };
    const service = await createService(
      toConfig({
        GENERATOR_POLICY: directory,
        GENERATOR_PORT: "0",
        GENERATOR_GRACE_MS: "0",
        GENERATOR_LOG_LEVEL: "silent",
        GENERATOR_CACHE_DIR: await temporaryDirectory(),
      }),
    );
    const client = createClient(generatorService, await service.start());
    try {
      const prompt = "Once upon a time";
      const call = client.expand();
      await call.write({ open: { prompt, sampling: { temperature: 0 } } });
      await call.write({ grow: { nodeId: 0, count: 1, until: "UNTIL_END", maxTokens: 50 } });
      call.end();
      const promptTokenIds: number[] = [];
      const tokenIds: number[] = [];
      let text = prompt;
      for await (const { opened, step } of call.responses) {
        promptTokenIds.push(...(opened?.promptTokenIds ?? []));
        tokenIds.push(...(step?.tokenIds ?? []));
        text += step?.text ?? "";
      }
      const all = [...promptTokenIds, ...tokenIds];
      expect(all).toEqual(expected.greedy_ids.slice(0, all.length));
      expect(tokenIds).toHaveLength(50);
      expect(expected.text.trimStart().startsWith(text)).toBe(true);
    } finally {
      client.close();
      await service.stop();
    }
  });
});
