/** Entry of the Worker that holds the policy: loads the checkpoint, makes the engine, steps it while there is work. */
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import { serveWorker } from "#shared/lm/runtime/worker-guest.js";
import type { PrecisionChoice } from "#shared/lm/types.js";
import { createEngineService } from "./engine-service.js";
import { toGeneratorInfo } from "./generator-info.js";
import { assertFitsMachine, availableBytes } from "./machine-memory.js";
import { longestToken } from "./opening.js";
import { LocalEngine, drive } from "./local-engine.js";
import { createSharedStats, writeStats } from "./shared-stats.js";
import type { EngineLimits } from "./types.js";
import type { EngineMethods, SessionMessage } from "./worker-methods.js";

/** What the Worker is started with. */
export interface EngineSetup {
  /** A Hugging Face directory or a GGUF file. */
  readonly checkpointDir: string;
  readonly precision: PrecisionChoice;
  /** Threads of ONNX Runtime. */
  readonly threads: number;
  /** Where the model's graph and weights are kept for ONNX Runtime. */
  readonly cacheDir: string;
  readonly limits: EngineLimits;
  /** A session with so many events unread is not scheduled. */
  readonly maxUnreadEvents: number;
}

serveWorker<EngineSetup, EngineMethods, SessionMessage>(async (setup, emit) => {
  const { precision, threads, cacheDir, limits, maxUnreadEvents } = setup;
  const checkpoint = await loadCheckpoint(setup.checkpointDir, undefined, { cacheDir });
  const model = await createLanguageModel(checkpoint, { precision, threads, cacheDir });
  assertFitsMachine(model, limits, availableBytes());
  const { tokenizer, chatTemplate, config } = checkpoint;
  const engine = new LocalEngine({
    info: toGeneratorInfo(checkpoint, model.info, limits),
    model,
    text: {
      tokenizer,
      eosTokenIds: config.eosTokenIds,
      maxTokenCharacters: longestToken(tokenizer),
      ...(chatTemplate === undefined ? {} : { chatTemplate }),
    },
    maxUnreadEvents,
    now: () => performance.now(),
  });
  const stats = createSharedStats();
  const stopping = new AbortController();
  const driving = drive(engine, stopping.signal, () => writeStats(stats, engine.stats()));
  return {
    methods: createEngineService(engine, stats, emit),
    async dispose() {
      stopping.abort();
      await driving;
      await engine.dispose();
    },
  };
});
