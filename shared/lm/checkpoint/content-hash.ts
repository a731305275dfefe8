/**
 * Names a checkpoint by its content. Reading gigabytes at every start only to learn that nothing has changed is saved by
 * a memo: which files, of what size, inode and times, had which hash.
 */
import { createHash, randomUUID } from "node:crypto";
import { type BigIntStats, createReadStream } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
  const state = await stateOf(configText, paths);
  const remembered = memo === undefined ? undefined : await recall(memo, state);
  if (remembered !== undefined) return remembered;
  const hash = createHash("sha256").update(`${Buffer.byteLength(configText)}\n${configText}`);
  for (const path of paths) {
    hash.update(`${(await stat(path)).size}\n`);
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, {
      end: false,
      ...(signal !== undefined && { signal }),
    });
  }
  const found = hash.digest("hex");
  if (memo !== undefined && (await stateOf(configText, paths)) === state)
    await remember(memo, { state, hash: found });
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
  const temporary = `${memo}.${randomUUID()}.tmp`;
  try {
    await mkdir(join(memo, ".."), { recursive: true });
    await writeFile(temporary, JSON.stringify(content));
    if (await isSettled(temporary, content.state)) await rename(temporary, memo);
  } catch {
    // As above.
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** The file system's own clock says when the memo was written; the state says when the files were changed. */
async function isSettled(temporary: string, state: string): Promise<boolean> {
  const now = (await stat(temporary)).mtimeMs;
  const times = state
    .split("\n")
    .slice(1)
    .flatMap((line) => line.split(" ").slice(-2));
  return times.every((time) => now - Number(BigInt(time) / 1_000_000n) > SETTLED_MS);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
