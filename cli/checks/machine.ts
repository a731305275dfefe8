/** What the machine must have: Node, ports, ONNX Runtime. */
import { once } from "node:events";
import { createServer } from "node:net";
import { availableParallelism, freemem, totalmem } from "node:os";
import type { Check } from "../events.js";
import { compactNumber } from "../render/format.js";
import { check } from "./check.js";
import { checkOnnxRuntime } from "./onnxruntime.js";

/** The lowest version whose APIs are used; package.json says the same. */
const MIN_NODE = [20, 19] as const;

export async function checkMachine(signal: AbortSignal): Promise<Check[]> {
  signal.throwIfAborted();
  return [
    await check("node", async () => nodeVersion(process.versions.node)),
    await check("cpu and memory", async () => {
      const memory = `${compactNumber(freemem())}B free of ${compactNumber(totalmem())}B`;
      return `${availableParallelism()} cores, ${memory}, ${process.platform} ${process.arch}`;
    }),
    await check("ports", () => openPorts(2)),
    await checkOnnxRuntime(),
  ];
}

/** The version, when it is high enough. */
export function nodeVersion(version: string): string {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return `v${version}`;
  throw new Error(`Node must be at least ${MIN_NODE.join(".")}, got ${version}: install a newer one.`);
}

/** `count` free ports on loopback at once, as the pair needs them. */
async function openPorts(count: number): Promise<string> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    for (const server of servers) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
    }
    return `${count} free ports on 127.0.0.1`;
  } finally {
    for (const server of servers) server.close();
  }
}

/** Bytes of memory that this process may use: the machine's, or a container's limit below it. */
export function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
