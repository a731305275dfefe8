/** A thousand streams that grow, prune, stall and leave at random, in a process of their own. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { EngineStats, MemoryUsage } from "#generator/engine/types.js";
import { temporaryDirectory } from "../../fakes/temporary-directory.js";
import { writeTinyDirectory } from "../../fakes/tiny-directory.js";

const driver = fileURLToPath(new URL("../../fakes/stress-driver.mjs", import.meta.url));
const STREAMS = 1000;
/** Malloc's arenas and V8's pages come and go; a leak of a stream's keys and values would be twice that. */
const RSS_SLACK_BYTES = 40e6;

interface Report {
  /** How many streams ended in which way: an error code, or a word. */
  readonly ends: Readonly<Record<string, number>>;
  readonly middleRss: number;
  readonly endRss: number;
  readonly stats: EngineStats;
  readonly left: MemoryUsage;
}

test("leave nothing behind", async () => {
  const directory = await temporaryDirectory();
  await writeTinyDirectory(join(directory, "model"), 3, 1);
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--expose-gc",
    driver,
    join(directory, "model"),
    join(directory, "cache"),
    String(STREAMS),
  ]);
  const { ends, middleRss, endRss, stats, left } = JSON.parse(stdout) as Report;
  const { closed = 0, left: gone = 0, resource_exhausted: refused = 0, failed_precondition: late = 0 } = ends;
  // Late: one that grows a node after it pruned one above it.
  expect(closed + gone + refused + late).toBe(STREAMS);
  expect(closed).toBeGreaterThan(STREAMS / 4);
  expect(gone).toBeGreaterThan(STREAMS / 20);
  // The memory was met, too.
  expect(refused).toBeGreaterThan(0);
  expect(stats).toMatchObject({
    sessions: 0,
    openingSessions: 0,
    runningRows: 0,
    waitingRows: 0,
    usedKvBytes: 0,
  });
  expect(stats.cachedPromptTokens).toBeGreaterThan(0);
  expect(stats.memory.prefixCacheBytes).toBeGreaterThan(0);
  expect(left).toMatchObject({
    prefixKvBytes: 0,
    suffixKvBytes: 0,
    logitsBytes: 0,
    slotBytes: 0,
    prefixCacheBytes: 0,
  });
  expect(endRss - middleRss).toBeLessThan(RSS_SLACK_BYTES);
}, 180_000);
