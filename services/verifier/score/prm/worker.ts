/** Entry of the Worker that holds the PRM: loads it, and scores for all searches. */
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import { serveWorker } from "#shared/lm/runtime/worker-guest.js";
import { PrmBatcher } from "./batcher.js";
import { createPrmEngine } from "./engine.js";
import { loadPrm } from "./load.js";
import { createPrmMethods, type PrmMethods, type PrmWorkerData } from "./worker-methods.js";

serveWorker<PrmWorkerData, PrmMethods>(async ({ dir, precision, threads, cacheDir, limits }) => {
  const { checkpoint, adapter } = await loadPrm(dir, undefined, cacheDir);
  const model = await createLanguageModel(checkpoint, { precision, threads, cacheDir });
  const batcher = new PrmBatcher(model, adapter, limits);
  return {
    methods: createPrmMethods(createPrmEngine(model.info, batcher)),
    dispose: () => model.dispose(),
  };
});
