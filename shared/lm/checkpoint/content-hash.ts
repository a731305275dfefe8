/**
 * Names a checkpoint by its content. Reading gigabytes at every start only to learn that nothing has changed is saved by
 * a memo: which files, of what size, inode and times, had which hash.
 */
import { createHash, randomUUID } from "node:crypto";
import { type BigIntStats, createReadStream } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { isJsonObject } from "./json.js";

/** A file that was changed so shortly before it was hashed might change again without its times telling. */
const SETTLED_MS = 2000;

/**
 * SHA-256 over the text and the files' content, hex. Each part is preceded by its length, so that no two different
 * checkpoints give the same stream of bytes.
 * @param memoDir where memos are kept; without it, or where it cannot be written, every call reads the files
 */
export async function hashContent(
  configText: string,
  paths: readonly string[],
  { memoDir, signal }: { readonly memoDir?: string; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const memo = memoDir === undefined ? undefined : join(memoDir, `${digest(paths.join("\n"))}.json`);
  const remembered = memo === undefined ? undefined : await recall(memo, await stateOf(configText, paths));
  if (remembered !== undefined) return remembered;
  // Before the state is taken: then a change after it shows in the times, or the files were not settled.
  const now = memo === undefined ? undefined : await timeIn(dirname(memo));
  const state = await stateOf(configText, paths);
  const hash = createHash("sha256").update(`${Buffer.byteLength(configText)}\n${configText}`);
  for (const path of paths) {
    hash.update(`${(await stat(path)).size}\n`);
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, {
      end: false,
      ...(signal !== undefined && { signal }),
    });
  }
  const found = hash.digest("hex");
  const isKept = memo !== undefined && now !== undefined && isSettled(state, now);
  if (isKept && (await stateOf(configText, paths)) === state) await remember(memo, { state, hash: found });
  return found;
}

/** All that changes when the content does. */
async function stateOf(configText: string, paths: readonly string[]): Promise<string> {
  const stats = await Promise.all(paths.map((path) => stat(path, { bigint: true })));
  const told = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats) =>
    [dev, ino, size, mtimeNs, ctimeNs].join(" ");
  return [digest(configText), ...stats.map((each, i) => `${paths[i]} ${told(each)}`)].join("\n");
}

async function recall(memo: string, state: string): Promise<string | undefined> {
  const text = await readFile(memo, "utf8").catch(() => "");
  try {
    const json: unknown = JSON.parse(text);
    if (!isJsonObject(json) || json["state"] !== state) return undefined;
    const hash = json["hash"];
    return typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash) ? hash : undefined;
  } catch {
    return undefined;
  }
}

/** Without a memo everything works, only slower: whatever goes wrong here is not worth an error. */
async function remember(
  memo: string,
  content: { readonly state: string; readonly hash: string },
): Promise<void> {
  await withTemporary(dirname(memo), async (path) => {
    await writeFile(path, JSON.stringify(content));
    await rename(path, memo);
  });
}

/** What the file system's own clock says, in milliseconds; undefined where nothing can be written. */
async function timeIn(directory: string): Promise<number | undefined> {
  return withTemporary(directory, async (path) => {
    await writeFile(path, "");
    return (await stat(path)).mtimeMs;
  });
}

async function withTemporary<T>(
  directory: string,
  use: (path: string) => Promise<T>,
): Promise<T | undefined> {
  const path = join(directory, `${randomUUID()}.tmp`);
  try {
    await mkdir(directory, { recursive: true });
    return await use(path);
  } catch {
    return undefined;
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/** Whether all files were changed long enough before `now`. */
function isSettled(state: string, now: number): boolean {
  const times = state
    .split("\n")
    .slice(1)
    .flatMap((line) => line.split(" ").slice(-2));
  return times.every((time) => now - Number(time) / 1e6 > SETTLED_MS);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
