import { createHash } from "node:crypto";
import type { SwiftHead } from "./head-file.js";

/** SHA-256, hex, over all that a head's scores depend on; its name and how it was trained are not part of it. */
export function hashHead({ gate, reward, input, span, provenance }: SwiftHead): string {
  const hash = createHash("sha256").update(JSON.stringify({ input, span, provenance }));
  for (const row of [gate, reward])
    if (row !== undefined)
      hash
        .update(JSON.stringify(row.bias))
        .update(new Uint8Array(row.weights.buffer, row.weights.byteOffset, row.weights.byteLength));
  return hash.digest("hex");
}
