/** Solutions and features of a set of problems, made by the policy and kept on disk; what is there is not made again. */
import { join } from "node:path";
import type { Engine } from "#generator/engine/types.js";
import type { FileProblem } from "#train/problem-files/problem-file.js";
import { extractFeatures } from "#train/swift/extract-features.js";
import type { FeatureStore } from "#train/swift/feature-store.js";
import { openStore } from "#train/swift/main.js";
import { recordSwiftRollouts, type SwiftRolloutOptions } from "#train/swift/rollouts.js";
import type { RecordedSet } from "./heads.js";

export type Stage = "training rollouts" | "training features" | "test rollouts" | "test features";

export interface RecordOptions {
  readonly set: "training" | "test";
  readonly problems: readonly FileProblem[];
  readonly rollouts: Omit<SwiftRolloutOptions, "directory" | "onProgress">;
  /** Whole logits as well as hidden states: for small vocabularies. */
  readonly withLogits: boolean;
  readonly directory: string;
  readonly onProgress: (stage: Stage, done: number, total: number) => void;
}

export interface Recording {
  readonly hidden: RecordedSet;
  /** Undefined for a vocabulary that is too large to keep. */
  readonly logits: RecordedSet | undefined;
  close(): Promise<void>;
}

/** @throws what sampling and extraction throw; what was finished stays. */
export async function recordSet(
  engine: Engine,
  { set, problems, rollouts, withLogits, directory: work, onProgress }: RecordOptions,
  signal: AbortSignal,
): Promise<Recording> {
  const directory = join(work, set);
  const records = await recordSwiftRollouts(
    engine,
    problems,
    { ...rollouts, directory, onProgress: (done, total) => onProgress(`${set} rollouts`, done, total) },
    signal,
  );
  const kinds = withLogits ? (["hidden", "logits"] as const) : (["hidden"] as const);
  const stores: FeatureStore[] = [];
  try {
    for (const kind of kinds) {
      const store = await openStore(engine, kind, directory);
      stores.push(store);
      await extractFeatures(engine, records, store, signal, (done, total) =>
        onProgress(`${set} features`, done, total),
      );
    }
  } catch (error) {
    for (const store of stores) await store.close();
    throw error;
  }
  const { hiddenSize } = engine.info;
  const [hidden, logits] = stores.map((store) => ({ records, features: { store, hiddenSize } }));
  return {
    hidden: hidden!,
    logits,
    async close() {
      for (const store of stores) await store.close();
    },
  };
}
