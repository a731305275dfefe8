/** Which directories are reward models rather than policies. */
import { stat } from "node:fs/promises";
import { join } from "node:path";

/** The kind of reward model in a directory, undefined for a policy. */
export async function rewardModelKind(directory: string): Promise<string | undefined> {
  const config = await stat(join(directory, "prm_config.json")).catch(() => undefined);
  return config?.isFile() === true ? "deliberate" : undefined;
}
