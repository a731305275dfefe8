/** This project's own PRMs as a family: a checkpoint with `prm_head.safetensors` and a full `prm_config.json`. */
import { readPrmFiles } from "../head-file.js";
import { createPrmTokenizer } from "../tokenizer.js";
import type { PrmFamily } from "./family.js";
import { createLogProbAdapter, LOG_PROB_FAMILY } from "./log-prob.js";

const HEAD = "prm_head.safetensors";

export const deliberate: PrmFamily = {
  name: LOG_PROB_FAMILY,
  description: `this project's own (${HEAD} and prm_config.json beside a checkpoint)`,
  matches: ({ files, manifest }) => files.has(HEAD) || manifest["format"] !== undefined,
  missing: ({ files }) =>
    [HEAD, "prm_config.json"].filter((file) => !files.has(file)).map((file) => `must hold ${file}`),
  async createAdapter(checkpoint) {
    const { head } = await readPrmFiles(checkpoint.directory);
    const tokenizer = createPrmTokenizer(checkpoint);
    return createLogProbAdapter({ tokenizer, head, vocabularySize: checkpoint.config.vocabSize });
  },
};
