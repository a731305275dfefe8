/**
 * A generator without a model, on a real socket: it keeps the contract of Expand, and a script says what each step's
 * text is. Nodes of a grow to the end are chained, prunes end running rows, half-close ends with Closed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ServiceError } from "#shared/errors.js";
import { createLogger } from "#shared/log.js";
import type { CallContext } from "#shared/rpc/methods.js";
import { bind, createServer } from "#shared/rpc/serve.js";
import { generatorService } from "#shared/rpc/proto.js";
import type { ExpandRequest__Output } from "#shared/rpc/gen/deliberate/v1/ExpandRequest.js";
import type { ExpandResponse } from "#shared/rpc/gen/deliberate/v1/ExpandResponse.js";
import type { Grow__Output } from "#shared/rpc/gen/deliberate/v1/Grow.js";
import type { GetModelInfoResponse } from "#shared/rpc/gen/deliberate/v1/GetModelInfoResponse.js";
import type { Tensor } from "#shared/rpc/gen/deliberate/v1/Tensor.js";
import type { Open__Output } from "#shared/rpc/gen/deliberate/v1/Open.js";

export interface ScriptedStep {
  readonly text: string;
  readonly finish: "STEP" | "EOS" | "STOP" | "LENGTH";
  readonly nextEntropy?: number;
  readonly hiddenStates?: Tensor;
  readonly probeOutputs?: Buffer;
}

/** The next step after the texts of `path`, as the `childIndex`-th child of its node. */
export type Script = (path: readonly string[], childIndex: number, problem: string) => ScriptedStep;

export interface FakeGenerator {
  readonly address: string;
  /** Every Open and Grow, in order of arrival. */
  readonly opens: Open__Output[];
  readonly grows: Grow__Output[];
  readonly pruned: number[];
  /** Messages handed to the socket. */
  sent(): number;
  /** Expand calls that were cancelled before they ended. */
  cancelled(): number;
  /** Expand calls under way. */
  running(): number;
  /** Ends the server with everything on it, as a crash would. */
  readonly kill: () => Promise<void>;
}

export interface FakeGeneratorOptions {
  readonly script: Script;
  /** Before each step. */
  readonly stepMs?: number;
  readonly port?: number;
  readonly info?: Partial<GetModelInfoResponse>;
}

export const FAKE_INFO = {
  model: "scripted",
  architecture: "llama",
  modelHash: "ab".repeat(32),
  precision: "fp32",
  chatTemplateHash: "cd".repeat(32),
  parameterCount: 1000,
  vocabularySize: 50,
  contextLengthTokens: 256,
  hiddenSize: 2,
  hiddenStateCount: 3,
  stepDelimiter: "\n",
  hasChatTemplate: true,
} satisfies GetModelInfoResponse;

export async function startFakeGenerator(options: FakeGeneratorOptions): Promise<FakeGenerator> {
  const logs: Logs = { opens: [], grows: [], pruned: [], sent: 0 };
  let cancelled = 0;
  let running = 0;

  const server = createServer({
    services: [
      bind(generatorService, {
        getModelInfo: async () => ({ ...FAKE_INFO, ...options.info }),
        featurize() {
          throw new ServiceError("failed_precondition", "the scripted generator has no features");
        },
        async *expand(requests: AsyncIterable<ExpandRequest__Output>, { signal }: CallContext) {
          running += 1;
          let ended = false;
          try {
            yield* runSession(requests, options, logs, signal);
            ended = true;
          } finally {
            running -= 1;
            if (!ended) cancelled += 1;
          }
        },
      }),
    ],
    host: "127.0.0.1",
    port: options.port ?? 0,
    log: createLogger("fake-generator", "silent"),
  });
  const port = await server.start();
  return {
    address: `127.0.0.1:${port}`,
    opens: logs.opens,
    grows: logs.grows,
    pruned: logs.pruned,
    sent: () => logs.sent,
    cancelled: () => cancelled,
    running: () => running,
    kill: async () => server.stop(0),
  };
}

interface Logs {
  readonly opens: Open__Output[];
  readonly grows: Grow__Output[];
  readonly pruned: number[];
  sent: number;
}

interface FakeNode {
  readonly path: readonly string[];
  readonly parentId: number;
  children: number;
}

async function* runSession(
  requests: AsyncIterable<ExpandRequest__Output>,
  { script, stepMs = 0 }: FakeGeneratorOptions,
  logs: Logs,
  signal: AbortSignal,
): AsyncGenerator<ExpandResponse> {
  const out: ExpandResponse[] = [];
  let wake = (): void => {};
  const send = (message: ExpandResponse): void => {
    out.push(message);
    wake();
  };
  const nodes = new Map<number, FakeNode>([[0, { path: [], parentId: 0, children: 0 }]]);
  const dead = new Set<number>();
  const tasks: Promise<void>[] = [];
  let open: Open__Output | undefined;
  let generated = 0;
  let cancelledTokens = 0;
  let nextId = 1;
  let failure: unknown;
  let finished = false;

  const problem = (): string => open?.prompt ?? open?.messages?.messages.at(-1)?.content ?? "";
  const isDead = (id: number): boolean => dead.has(id) || (id !== 0 && isDead(nodes.get(id)!.parentId));

  /** One child, and with UNTIL_END what follows it. */
  const runRow = async (grow: Grow__Output, parentId: number): Promise<void> => {
    const parent = nodes.get(parentId)!;
    const childIndex = parent.children++;
    const step = script(parent.path, childIndex, problem());
    const nodeId = nextId++;
    nodes.set(nodeId, { path: [...parent.path, step.text], parentId, children: 0 });
    if (stepMs > 0) await sleep(stepMs, undefined, { signal });
    const wasPruned = isDead(nodeId);
    const tokenIds = Array.from(step.text, (letter) => letter.codePointAt(0)!);
    generated += tokenIds.length;
    if (wasPruned) cancelledTokens += tokenIds.length;
    const outputs = new Float32Array(2 * tokenIds.length * Math.min(1, open!.probes.length)).fill(0.5);
    send({
      step: {
        nodeId,
        parentId,
        childIndex,
        tokenIds,
        text: step.text,
        finishReason: `FINISH_REASON_${wasPruned ? "CANCELLED" : step.finish}`,
        logProbs: tokenIds.map(() => -0.5),
        meanLogProb: -0.5,
        entropies: tokenIds.map(() => 0.5),
        probeOutputs: Buffer.from(outputs.buffer),
        ...(step.nextEntropy !== undefined && { nextEntropy: step.nextEntropy }),
        ...(step.hiddenStates && { hiddenStates: step.hiddenStates }),
        ...(step.probeOutputs && { probeOutputs: step.probeOutputs }),
      },
    });
    if (grow.until === "UNTIL_END" && step.finish === "STEP" && !wasPruned) await runRow(grow, nodeId);
  };

  const handle = (request: ExpandRequest__Output): void => {
    if (request.open) {
      open = request.open;
      logs.opens.push(open);
      // One output for each probe: its place.
      const promptProbe = request.open.includePromptProbe ? request.open.probes.map((_, i) => i + 1) : [];
      send({ opened: { nodeId: 0, promptTokenIds: [1, 2, 3], promptProbe } });
    } else if (request.grow) {
      const grow = request.grow;
      logs.grows.push(grow);
      if (!nodes.has(grow.nodeId) || isDead(grow.nodeId))
        throw new ServiceError("not_found", `node ${grow.nodeId} must be live`);
      const rows = Array.from({ length: grow.count }, () => runRow(grow, grow.nodeId));
      const done = Promise.all(rows).then(() => send({ grown: { nodeId: grow.nodeId, count: grow.count } }));
      done.catch(() => undefined);
      tasks.push(done);
    } else if (request.prune) {
      for (const id of request.prune.nodeIds) {
        if (id !== 0) dead.add(id);
        else for (const [child, { parentId }] of nodes) if (parentId === 0 && child !== 0) dead.add(child);
        logs.pruned.push(id);
      }
    }
  };

  const reading = (async () => {
    try {
      for await (const request of requests) handle(request);
      // A client that cancels also ends its requests, a moment before the signal tells.
      await sleep(5, undefined, { signal });
      await Promise.all(tasks);
      const usage = {
        promptTokens: 3,
        generatedTokens: generated,
        cancelledTokens,
        flops: 2000 * (3 + generated),
      };
      send({ closed: { usage } });
    } catch (error) {
      failure = error;
    }
    finished = true;
    wake();
  })();

  signal.addEventListener("abort", () => wake(), { once: true });
  for (;;) {
    const message = out.shift();
    if (message) {
      logs.sent += 1;
      yield message;
    } else if (failure !== undefined) throw failure;
    else if (finished) break;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    signal.throwIfAborted();
  }
  await reading;
}
