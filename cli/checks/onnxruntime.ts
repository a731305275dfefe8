/** Whether ONNX Runtime's native library loads and computes here, shown on a graph of one addition. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GraphBuilder } from "#shared/lm/graph/builder.js";
import type { Check } from "../events.js";
import { check } from "./check.js";

export function checkOnnxRuntime(): Promise<Check> {
  return check("onnxruntime", async () => {
    // Loaded here rather than at the top: where the library cannot load, only this check must fail.
    const { floatTensor, Session } = await import("#shared/lm/runtime/session.js");
    const directory = await mkdtemp(join(tmpdir(), "deliberate-doctor-"));
    try {
      const path = join(directory, "add.onnx");
      await writeFile(path, additionGraph());
      const session = await Session.create(path, 1);
      const { sum } = await session.run({ x: floatTensor(Float32Array.of(2), [1]) }, ["sum"]);
      await session.dispose();
      if (sum?.[0] !== 4) throw new Error(`2 + 2 must be 4, got ${sum?.[0]}: reinstall onnxruntime-node`);
      return "loads and computes";
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}

/** sum = x + x */
function additionGraph(): Uint8Array {
  const graph = new GraphBuilder("doctor");
  const x = graph.input("x", "float32", [1]);
  graph.output("sum", graph.op("Add", [x, x]), "float32", [1]);
  return graph.build();
}
