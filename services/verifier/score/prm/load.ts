/** A PRM's directory, whatever its family: its checkpoint, its adapter, and the pair that it must tell apart. */
import { join } from "node:path";
import { z } from "zod";
import { type Checkpoint, loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { ServiceError } from "#shared/errors.js";
import type { PrmAdapter } from "./adapter.js";
import { deliberate } from "./adapters/deliberate.js";
import { type Clues, loadOptions } from "./adapters/family.js";
import { identifyPrm } from "./adapters/recognise.js";
import { readPrmFiles, type SelfCheck, selfCheckSchema } from "./head-file.js";

export interface LoadedPrm {
  readonly checkpoint: Checkpoint;
  readonly adapter: PrmAdapter;
}

/**
 * @param cacheDir as of `LoadOptions`
 * @throws ServiceError as `loadCheckpoint`, and `failed_precondition` for what is no PRM or lacks something.
 */
export async function loadPrm(dir: string, signal?: AbortSignal, cacheDir?: string): Promise<LoadedPrm> {
  const { family, clues } = await identifyPrm(dir);
  const checkpoint = await loadCheckpoint(dir, signal, {
    ...loadOptions(family),
    ...(cacheDir !== undefined && { cacheDir }),
  });
  return { checkpoint, adapter: await family.createAdapter(checkpoint, clues) };
}

/** The pair in the directory's `prm_config.json`, else the family's own. Errors as `loadPrm`. */
export async function readSelfCheck(dir: string): Promise<SelfCheck> {
  const { family, clues } = await identifyPrm(dir);
  if (family === deliberate) return (await readPrmFiles(dir)).selfCheck;
  return pairOf(dir, clues) ?? family.selfCheck!;
}

function pairOf(dir: string, { manifest }: Clues): SelfCheck | undefined {
  const pair = manifest["self_check"];
  if (pair === undefined) return undefined;
  const parsed = selfCheckSchema.safeParse(pair);
  if (parsed.success) return parsed.data;
  throw new ServiceError(
    "failed_precondition",
    `${join(dir, "prm_config.json")}: self_check ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`,
    { reason: "INVALID_PRM" },
  );
}
