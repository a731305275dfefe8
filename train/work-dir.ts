/**
 * A directory of work that can be interrupted and gone on with: `run.json` says for which settings its files were made,
 * and other settings are refused, so that results of two runs never mix.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ServiceError } from "#shared/errors.js";
import { isNotFound, writeWhole } from "./files.js";

/** Everything that the files depend on, as JSON. */
export type RunSettings = Readonly<Record<string, unknown>>;

/**
 * Makes the directory, or takes one that was made for the same settings. `flag` is the option that names it.
 * @throws ServiceError `failed_precondition`: it was made for others; the message tells which.
 */
export async function openWorkDir(directory: string, settings: RunSettings, flag = "--work"): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, "run.json");
  const earlier = await readSettings(path);
  // As JSON keeps them: fields that are undefined are not there.
  const wanted = JSON.parse(JSON.stringify(settings)) as RunSettings;
  if (earlier === undefined) return writeWhole(path, `${JSON.stringify(wanted, undefined, 1)}\n`);
  const differing = [...new Set([...Object.keys(earlier), ...Object.keys(wanted)])].filter(
    (name) => !isDeepStrictEqual(earlier[name], wanted[name]),
  );
  if (differing.length === 0) return;
  const changes = differing.map((name) => `${name} ${show(earlier[name])}, now ${show(wanted[name])}`);
  throw new ServiceError(
    "failed_precondition",
    `the work in ${directory} must be for the same settings, but was begun with ${changes.join("; ")}: use the same, delete the directory, or name another with ${flag}`,
    { reason: "OTHER_RUN" },
  );
}

const show = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));

async function readSettings(path: string): Promise<RunSettings | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as RunSettings;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw new ServiceError(
      "failed_precondition",
      `${path} must hold the settings of a run, but cannot be read: delete its directory and begin again`,
      {},
      { cause: error },
    );
  }
}
