/**
 * The other engines: not dependencies of the product. They are installed beside `bench/peers` when first wanted, and
 * get the same weights in the formats that they read.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createHash } from "node:crypto";
import { mkdir, readdir, rename, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { packageRoot } from "#shared/rpc/package-root.js";
import { CACHE_DIR } from "#train/open-models.js";
import { DTYPES, type ExportPrecision, exportOnnx } from "./onnx-export.js";
import { requantizeGguf, type RequantizedType } from "./requantize.js";

export const PEERS = ["llama", "transformers"] as const;
export type Peer = (typeof PEERS)[number];

const PEERS_DIR = join(packageRoot, "bench/peers");
const PACKAGES: Readonly<Record<Peer, string>> = {
  llama: "node-llama-cpp",
  transformers: "@huggingface/transformers",
};
export const SCRIPTS: Readonly<Record<Peer, string>> = {
  llama: join(PEERS_DIR, "llama-cpp.mjs"),
  transformers: join(PEERS_DIR, "transformers-js.mjs"),
};

export const isInstalled = (peer: Peer): Promise<boolean> =>
  exists(join(PEERS_DIR, "node_modules", PACKAGES[peer], "package.json"));

/** @throws Error that says why, when npm cannot install them. */
export async function installPeers(signal: AbortSignal): Promise<void> {
  process.stderr.write(`installing the peers in ${PEERS_DIR} (npm ci)\n`);
  const npm = spawn("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: PEERS_DIR,
    signal,
    stdio: ["ignore", 2, 2],
  });
  const [code] = (await once(npm, "exit")) as [number | null];
  if (code !== 0) throw new Error(`npm ci in ${PEERS_DIR} ended with ${code}`);
}

/** What the peers read, made from one GGUF file and kept in the cache. */
export interface PeerFiles {
  readonly gguf: Readonly<
    Record<"fp32" | "int8" | "int4", { readonly path: string; readonly format: string }>
  >;
  readonly onnx: Readonly<
    Record<ExportPrecision, { readonly directory: string; readonly name: string; readonly dtype: string }>
  >;
}

/** The GGUF file of a directory, or the file itself. */
export async function findGguf(path: string): Promise<string | undefined> {
  if (path.endsWith(".gguf")) return resolve(path);
  const found = (await readdir(path).catch(() => [])).find((file) => file.endsWith(".gguf"));
  return found === undefined ? undefined : resolve(path, found);
}

export async function preparePeerFiles(
  checkpointPath: string,
  gguf: string,
  peers: readonly Peer[],
): Promise<PeerFiles> {
  const { size, mtimeMs } = await stat(gguf);
  const key = createHash("sha256").update(`${gguf}\n${size}\n${mtimeMs}`).digest("hex").slice(0, 16);
  const directory = join(CACHE_DIR, "bench", key);
  await mkdir(directory, { recursive: true });
  const requantized = async (type: RequantizedType): Promise<string> => {
    const path = join(directory, `${type}.gguf`);
    if (peers.includes("llama") && !(await exists(path))) {
      await requantizeGguf(gguf, `${path}.tmp`, type);
      await rename(`${path}.tmp`, path);
    }
    return path;
  };
  const name = "transformers";
  if (peers.includes("transformers")) {
    const sidecars = (await stat(checkpointPath)).isDirectory() ? checkpointPath : dirname(checkpointPath);
    const precisions = Object.keys(DTYPES) as ExportPrecision[];
    await exportOnnx(await loadCheckpoint(checkpointPath), sidecars, precisions, join(directory, name));
  }
  const onnx = (precision: ExportPrecision) => ({ directory, name, dtype: DTYPES[precision].dtype });
  return {
    gguf: {
      fp32: { path: await requantized("F16"), format: "f16" },
      int8: { path: await requantized("Q8_0"), format: "q8_0" },
      int4: { path: gguf, format: /\.(Q\w+)\.gguf$/i.exec(basename(gguf))?.[1]?.toLowerCase() ?? "as it is" },
    },
    onnx: { fp32: onnx("fp32"), int4: onnx("int4") },
  };
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
