/** What the model and its sessions take of the machine, and whether it has that much. */
import { totalmem } from "node:os";
import { ServiceError } from "#shared/errors.js";
import type { LanguageModel } from "#shared/lm/types.js";
import type { EngineLimits } from "./types.js";

type Model = Pick<LanguageModel, "info" | "activationBytes">;

/** Of the largest step that the limits allow: all rows, each as long as there is room for keys and values. An estimate. */
export function activationBytes(model: Model, limits: EngineLimits): number {
  const { info } = model;
  const longest = Math.min(info.contextLength, Math.floor(limits.maxKvBytes / info.kvBytesPerToken));
  return model.activationBytes(limits.maxBatchRows, longest);
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
      : "choose a lower GENERATOR_PRECISION or GENERATOR_MAX_BATCH_ROWS, or a smaller model";
  throw new ServiceError(
    "failed_precondition",
    `weights (${weightBytes} bytes), a step (about ${fixed - weightBytes}) and keys and values (${limits.maxKvBytes}) must fit in the ${available} bytes of memory here; ${remedy}`,
    { reason: "MACHINE_MEMORY" },
  );
}
