import { createHash } from "node:crypto";
import type { SwiftHead } from "./head-file.js";

/** SHA-256, hex, over all that a head's scores depend on; its name and how it was trained are not part of it. */
export function hashHead({ gate, reward, input, span, provenance }: SwiftHead): string {
  const rows = [gate, reward].map(
    (row) => row && { bias: row.bias, weights: [...row.weights], scalars: [...row.scalars] },
  );
  return createHash("sha256").update(JSON.stringify({ input, span, provenance, rows })).digest("hex");
}
