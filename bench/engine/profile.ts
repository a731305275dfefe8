/**
 * `npm run bench -- engine --profile`: where the engine's thread spends its time with 16 candidates. The engine runs in
 * this thread, as it does in its Worker; ONNX Runtime is one native function in the profile.
 */
import { Session } from "node:inspector/promises";
import type { Profiler } from "node:inspector";
import { LocalEngine, drive } from "#generator/engine/local-engine.js";
import { toGeneratorInfo } from "#generator/engine/generator-info.js";
import { longestToken } from "#generator/engine/opening.js";
import type { Checkpoint } from "#shared/lm/checkpoint/load.js";
import type { LanguageModel } from "#shared/lm/types.js";
import { measureOverhead, type Overhead } from "./own.js";

export interface ProfileLine {
  readonly where: string;
  /** Of the samples that were not idle. */
  readonly share: number;
}

export interface EngineProfile extends Overhead {
  readonly precision: string;
  readonly lines: readonly ProfileLine[];
}

const LINES = 20;
const IDLE = new Set(["(idle)", "(program)"]);

/** Disposes the model. */
export async function profileEngine(
  checkpoint: Checkpoint,
  model: LanguageModel,
  prompt: readonly number[],
  tokens: number,
): Promise<EngineProfile> {
  const { tokenizer, config } = checkpoint;
  const limits = {
    maxSessions: 4,
    maxBatchRows: 64,
    maxKvBytes: 2 ** 32,
    maxNodesPerSession: 10_000,
    maxPromptBytes: 65_536,
    maxGrowCount: 64,
    maxPrefixCacheBytes: 0,
  };
  const engine = new LocalEngine({
    info: toGeneratorInfo(checkpoint, model.info, limits),
    model,
    text: { tokenizer, eosTokenIds: config.eosTokenIds, maxTokenCharacters: longestToken(tokenizer) },
    maxUnreadEvents: 4096,
    now: () => performance.now(),
  });
  const stopping = new AbortController();
  const driving = drive(engine, stopping.signal, () => {});
  const inspector = new Session();
  inspector.connect();
  try {
    await measureOverhead(engine, prompt, 16, 8);
    await inspector.post("Profiler.enable");
    await inspector.post("Profiler.start");
    const overhead = await measureOverhead(engine, prompt, 16, tokens);
    const { profile } = await inspector.post("Profiler.stop");
    return { precision: model.info.precision, ...overhead, lines: summariseProfile(profile) };
  } finally {
    inspector.disconnect();
    stopping.abort();
    await driving;
    await engine.dispose();
  }
}

/** Self time by function, the largest first. */
export function summariseProfile({ nodes, samples = [] }: Profiler.Profile): readonly ProfileLine[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const counts = new Map<string, number>();
  let busy = 0;
  for (const id of samples) {
    const { functionName, url, lineNumber } = byId.get(id)!.callFrame;
    if (IDLE.has(functionName)) continue;
    busy++;
    const file = url.split("/").slice(-2).join("/");
    const name = functionName === "" ? "(anonymous)" : functionName;
    // The native run has neither name nor file.
    const where =
      file !== ""
        ? `${name} ${file}:${lineNumber + 1}`
        : functionName === ""
          ? "native code: ONNX Runtime"
          : name;
    counts.set(where, (counts.get(where) ?? 0) + 1);
  }
  return [...counts]
    .map(([where, count]) => ({ where, share: count / busy }))
    .toSorted((a, b) => b.share - a.share)
    .slice(0, LINES);
}
