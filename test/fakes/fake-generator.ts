/** A generator over a real socket that continues any prompt with fixed steps. Written from the proto alone. */
import { type FakeService, serve } from "./fake-verifier.js";

interface ExpandCall {
  on(event: string, listener: (value: never) => void): void;
  write(message: object): void;
  end(): void;
}

interface ExpandRequest {
  readonly open?: object;
  readonly grow?: { readonly count: number };
}

const step = (nodeId: number, parentId: number, childIndex: number, text: string, finishReason: string) => ({
  step: {
    nodeId,
    parentId,
    childIndex,
    tokenIds: [10 * nodeId, 10 * nodeId + 1],
    text,
    finishReason: `FINISH_REASON_${finishReason}`,
    logProbs: [-0.5, -0.25],
    meanLogProb: -0.375,
    entropies: [0.5, 0.5],
  },
});

/** Every candidate is two steps; the second candidate's arrive before the first's, as they may. */
export async function startFakeGenerator({ hasChatTemplate = true } = {}): Promise<FakeService> {
  const requests: Record<string, unknown[]> = { expand: [] };
  const cancelled: string[] = [];
  const expand = (call: ExpandCall) => {
    call.on("cancelled", () => cancelled.push("expand"));
    call.on("data", ({ open, grow }: ExpandRequest) => {
      requests["expand"]!.push(open ?? grow);
      if (open !== undefined) return call.write({ opened: { nodeId: 0, promptTokenIds: [1, 2, 3] } });
      for (let i = grow!.count - 1; i >= 0; i--) {
        call.write(step(2 * i + 1, 0, i, `first ${i}\n`, "STEP"));
        call.write(step(2 * i + 2, 2 * i + 1, 0, "#### 7", "EOS"));
      }
      call.write({ grown: { nodeId: 0, count: grow!.count } });
    });
    call.on("end", () => {
      call.write({ closed: { usage: { promptTokens: 3, generatedTokens: 4 } } });
      call.end();
    });
  };
  const getModelInfo = (_: unknown, reply: (error: null, value: object) => void) =>
    reply(null, {
      model: "fake-policy",
      parameterCount: 800_000,
      precision: "fp32",
      hasChatTemplate,
      stepDelimiter: "\n",
    });
  return serve("generator", "GeneratorService", { expand, getModelInfo }, requests, cancelled);
}
