/** Small files of a checkpoint's directory: read as a whole, refused by name. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { reasonOf } from "./json.js";
import { refuseFile } from "./refusal.js";

export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

/** @throws ServiceError `failed_precondition` when it is not there or cannot be read. */
export async function readRequired(directory: string, file: string): Promise<string> {
  const text = await readOptional(directory, file);
  if (text === undefined)
    throw refuseFile(directory, `must hold ${file}; copy it from where the model came from`);
  return text;
}

/** A file's text; undefined only when there is none, never because it cannot be read. */
export async function readOptional(directory: string, file: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, file), "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    const problem = `must be a file that can be read, but: ${reasonOf(cause)}; check what it is and who may read it`;
    throw refuseFile(join(directory, file), problem, { cause });
  }
}
