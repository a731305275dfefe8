/** Which precision a model runs at when nobody says. */
import type { ModelConfig } from "../checkpoint/config.js";
import { countParameters } from "../checkpoint/tensors.js";
import type { Precision, PrecisionChoice } from "../types.js";

/**
 * Below it the weights stay in the processor's caches, and rounding activations costs more time than it saves: fp32 is
 * the fastest and the most exact (`npm run bench -- engine` has both sides of it).
 */
const SMALL_PARAMETERS = 20e6;

/** `auto` is the fastest: fp32 for a small model, int8 for any other. */
export function choosePrecision(choice: PrecisionChoice, config: ModelConfig): Precision {
  if (choice !== "auto") return choice;
  return countParameters(config) < SMALL_PARAMETERS ? "fp32" : "int8";
}
