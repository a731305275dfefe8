/** What the model and its sessions take of the machine, and whether it has that much. */
import { totalmem } from "node:os";
import { ServiceError } from "#shared/errors.js";
import type { LanguageModel } from "#shared/lm/types.js";
import { runTokens } from "./features.js";
import type { EngineLimits } from "./types.js";

type Model = Pick<LanguageModel, "info" | "activationBytes">;

/**
 * Of the largest run that the limits allow, a step of all rows or texts being featurized, each as long as there is room
 * for keys and values. An estimate.
 */
export function activationBytes(model: Model, limits: EngineLimits): number {
  const { info } = model;
  const longest = Math.min(info.contextLength, Math.floor(limits.maxKvBytes / info.kvBytesPerToken));
  return model.activationBytes(Math.max(limits.maxBatchRows, runTokens(info)), longest);
}

/** Bytes that this process may have: the machine's, or fewer where a container sets a limit. */
export function availableBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Throws failed_precondition when the limits allow more than the machine has, naming the setting to lower. */
export function assertFitsMachine(model: Model, limits: EngineLimits, available: number): void {
  const { weightBytes } = model.info;
  const fixed = weightBytes + activationBytes(model, limits);
  if (fixed + limits.maxKvBytes <= available) return;
  const most = available - fixed;
  const remedy =
    most > 0
      ? `set GENERATOR_MAX_KV_BYTES to at most ${most}`
      : `choose a lower GENERATOR_PRECISION, a smaller model, or a GENERATOR_MAX_BATCH_ROWS of at most ${runTokens(model.info)}`;
  throw new ServiceError(
    "failed_precondition",
    `weights (${weightBytes} bytes), a step (about ${fixed - weightBytes}) and keys and values (${limits.maxKvBytes}) must fit in the ${available} bytes of memory here; ${remedy}`,
    { reason: "MACHINE_MEMORY" },
  );
}
