/** Entry of the Worker that holds the PRM: loads its reader and head, and scores for all searches. */
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import { serveWorker } from "#shared/lm/runtime/worker-guest.js";
import { PrmBatcher } from "./batcher.js";
import { createPrmEngine } from "./engine.js";
import { readPrmFiles } from "./head-file.js";
import { createPrmTokenizer } from "./tokenizer.js";
import { createPrmMethods, type PrmMethods, type PrmWorkerData } from "./worker-methods.js";

serveWorker<PrmWorkerData, PrmMethods>(async ({ dir, precision, threads, cacheDir, limits }) => {
  const { head } = await readPrmFiles(dir);
  const checkpoint = await loadCheckpoint(dir);
  const model = await createLanguageModel(checkpoint, { precision, threads, cacheDir });
  const batcher = new PrmBatcher(model, head, limits);
  return {
    methods: createPrmMethods(createPrmEngine(model.info, createPrmTokenizer(checkpoint), batcher)),
    dispose: () => model.dispose(),
  };
});
