/** Which family of PRMs a directory belongs to. Adding a family is one file and one line here. */
import type { LoadOptions } from "#shared/lm/checkpoint/parts.js";
import { ServiceError } from "#shared/errors.js";
import { readClues } from "./clues.js";
import { deliberate } from "./deliberate.js";
import { type Clues, loadOptions, type PrmFamily } from "./family.js";
import { mathShepherd } from "./math-shepherd.js";
import { qwenMath } from "./qwen-math.js";
import { rlhflow } from "./rlhflow.js";
import { skywork } from "./skywork.js";

export const FAMILIES: readonly PrmFamily[] = [deliberate, qwenMath, skywork, mathShepherd, rlhflow];

export interface RecognisedPrm {
  /** Name of a family. */
  readonly family: string;
  /** What the directory lacks to be loaded, each as "must ..."; empty when nothing. */
  readonly missing: readonly string[];
  /** With which `loadCheckpoint` and `readConfig` take its checkpoint. */
  readonly loadOptions: LoadOptions;
}

/** The family of a directory, or undefined when it is no PRM that is known. Never throws, whatever the directory. */
export async function recognisePrm(dir: string): Promise<RecognisedPrm | undefined> {
  const clues = await readClues(dir);
  const family = familyOf(clues);
  return family && { family: family.name, missing: family.missing(clues), loadOptions: loadOptions(family) };
}

/** @throws ServiceError `failed_precondition` that tells the known families, or what the directory lacks. */
export async function identifyPrm(dir: string): Promise<{ family: PrmFamily; clues: Clues }> {
  const clues = await readClues(dir);
  const family = familyOf(clues);
  if (family === undefined) throw refused(dir, unknownFamily(clues));
  const missing = family.missing(clues);
  if (missing.length > 0) throw refused(dir, `a PRM of the family ${family.name} ${missing.join("; ")}`);
  return { family, clues };
}

/** The one that prm_config.json names, else the first whose signs the directory bears. */
function familyOf(clues: Clues): PrmFamily | undefined {
  const { family: name } = clues.manifest;
  if (name !== undefined) return FAMILIES.find((family) => family.name === name);
  return FAMILIES.find((family) => family.matches(clues));
}

function unknownFamily({ manifest }: Clues): string {
  const known = FAMILIES.map(({ name, description }) => `${name}: ${description}`).join("; ");
  const { family } = manifest;
  if (family !== undefined)
    return `the family in prm_config.json must be one of ${FAMILIES.map(({ name }) => name).join(", ")}, got ${JSON.stringify(family)}`;
  return `must be a PRM of a known family, got a directory that bears no sign of one (${known}); if it is one under another name, put {"family": "NAME"} into its prm_config.json`;
}

function refused(dir: string, problem: string): ServiceError {
  return new ServiceError("failed_precondition", `${dir}: ${problem}`, { reason: "INVALID_PRM" });
}
