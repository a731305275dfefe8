// Serves a checkpoint over gRPC, plays Expand streams against it that grow, prune, stop reading and leave at random, and
// prints what is left of them. Arguments: checkpoint, cache, number of streams. Needs --expose-gc.
import { setTimeout as sleep } from "node:timers/promises";
import { toConfig } from "#generator/config.js";
import { toGeneratorInfo } from "#generator/engine/generator-info.js";
import { LocalEngine, drive } from "#generator/engine/local-engine.js";
import { longestToken } from "#generator/engine/opening.js";
import { createService } from "#generator/service.js";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import { createRng } from "#shared/rng.js";
import { createClient } from "#shared/rpc/connect.js";
import { generatorService } from "#shared/rpc/proto.js";

const [checkpointDir, cacheDir, count] = process.argv.slice(2);
const streams = Number(count);
const AT_ONCE = 24;
const limits = {
  maxSessions: AT_ONCE,
  maxBatchRows: 16,
  maxKvBytes: 1_200_000,
  maxPrefixCacheBytes: 200_000,
  maxNodesPerSession: 60,
  maxPromptBytes: 1000,
  maxGrowCount: 8,
};

const checkpoint = await loadCheckpoint(checkpointDir);
const model = await createLanguageModel(checkpoint, { precision: "fp32", threads: 1, cacheDir });
const { tokenizer, config } = checkpoint;
const engine = new LocalEngine({
  info: toGeneratorInfo(checkpoint, model.info, limits),
  model,
  text: { tokenizer, eosTokenIds: config.eosTokenIds, maxTokenCharacters: longestToken(tokenizer) },
  maxUnreadEvents: 8,
  now: () => performance.now(),
});
const stopping = new AbortController();
const driving = drive(engine, stopping.signal);
const settings = { GENERATOR_POLICY: "here", GENERATOR_PORT: "0", GENERATOR_LOG_LEVEL: "silent" };
const host = {
  info: engine.info,
  failed: new AbortController().signal,
  openSession: (request, signal) => engine.openSession(request, signal),
  stats: () => engine.stats(),
  dispose: () => engine.dispose(),
};
const service = await createService(toConfig(settings), { engine: host });
const client = createClient(generatorService, await service.start());

const ends = {};
const noteEnd = (end) => (ends[end] = (ends[end] ?? 0) + 1);

async function play(rng) {
  const call = client.expand();
  const write = (request) => call.write(request).catch(() => {});
  const digits = Array.from({ length: 1 + rng.int(60) }, () => "0123456789+-"[rng.int(12)]).join("");
  // Some begin alike, some are the same.
  const prompt = rng.int(3) === 0 ? `1+1=${rng.int(3)}` : `12+34-5=?${digits}`;
  write({
    open: {
      prompt,
      seed: rng.int(1000),
      priority: rng.int(3) - 1,
      ...(rng.int(4) === 0 && { cacheSalt: `tenant ${rng.int(2)}` }),
    },
  });
  const nodes = [0];
  const leaveAfter = rng.int(3) === 0 ? rng.int(12) : Infinity;
  let seen = 0;
  // Grows that have not reported; when there are none, and nothing more is asked, the stream ends.
  let underWay = 0;
  let asked = 0;
  const grow = () => {
    asked++;
    underWay++;
    write({
      grow: {
        nodeId: nodes.at(-1),
        count: 1 + rng.int(6),
        until: rng.int(2) ? "UNTIL_STEP" : "UNTIL_END",
        maxTokens: 1 + rng.int(16),
      },
    });
  };
  try {
    for await (const { opened, step, grown, closed } of call.responses) {
      if (seen++ >= leaveAfter) {
        call.cancel();
        return "left";
      }
      if (closed) return "closed";
      if (step?.finishReason === "FINISH_REASON_STEP") nodes.push(step.nodeId);
      if (grown) underWay--;
      const act = rng.int(8);
      if (opened || (act < 2 && underWay > 0 && asked < 6)) grow();
      else if (act === 2 && underWay > 0 && nodes.length > 1)
        write({ prune: { nodeIds: nodes.splice(1 + rng.int(nodes.length - 1)) } });
      else if (act === 3) await sleep(rng.int(8));
      if (grown && underWay === 0) call.end();
    }
    return "ended";
  } catch (error) {
    return error.code ?? error.message;
  }
}

async function playMany(from, to) {
  let next = from;
  const players = Array.from({ length: AT_ONCE }, async () => {
    while (next < to) noteEnd(await play(createRng(7, "stream", next++)));
  });
  await Promise.all(players);
  // Streams that were left end on the server as soon as it hears of it.
  while (engine.stats().sessions + engine.stats().openingSessions > 0) await sleep(10);
  await sleep(50);
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().rss;
}

const middleRss = await playMany(0, streams / 2);
const endRss = await playMany(streams / 2, streams);
stopping.abort();
await driving;
engine.checkIntegrity();
const stats = engine.stats();
client.close();
await service.stop();
engine.checkIntegrity();
console.log(JSON.stringify({ ends, middleRss, endRss, stats, left: engine.stats().memory }));
