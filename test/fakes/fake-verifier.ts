/**
 * A verifier over a real socket that plays a fixed search, without any model. Written from the proto alone: it shares no
 * code with the services, so that what passes against it holds for anybody's server.
 */
import { loadPackageDefinition, Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";

const protoRoot = fileURLToPath(new URL("../../proto/", import.meta.url));

export interface FakeService {
  readonly address: string;
  /** Requests as they arrived, by method. */
  readonly requests: Record<string, unknown[]>;
  /** Streams that the client cancelled. */
  readonly cancelled: string[];
  stop(): void;
}

export interface SolveScript {
  readonly events: readonly object[];
  /** Between events. */
  readonly delayMs?: number;
  /** Instead of ending. */
  readonly fail?: { readonly code: number; readonly message: string };
  /** Never ends by itself. */
  readonly hang?: boolean;
}

interface StreamCall {
  readonly request: unknown;
  readonly cancelled: boolean;
  on(event: string, listener: (value: never) => void): void;
  write(message: object): void;
  end(): void;
  emit(event: string, value: unknown): void;
}

export async function startFakeVerifier(script: SolveScript): Promise<FakeService> {
  const requests: Record<string, unknown[]> = { solve: [], plan: [], score: [] };
  const cancelled: string[] = [];
  const solve = async (call: StreamCall) => {
    requests["solve"]!.push(call.request);
    call.on("cancelled", () => cancelled.push("solve"));
    for (const event of script.events) {
      if (call.cancelled) return;
      call.write(event);
      if (script.delayMs !== undefined) await sleep(script.delayMs);
    }
    if (script.fail !== undefined) call.emit("error", { ...failure(script.fail) });
    else if (script.hang !== true) call.end();
  };
  const score = (call: StreamCall) => {
    let nextPath = 1;
    call.on("data", (message: { start?: object; append?: { steps: string[] } }) => {
      requests["score"]!.push(message);
      if (message.start !== undefined) return call.write({ started: { problemTokens: 9 } });
      const scores = message.append!.steps.map((step) => ({
        pathId: nextPath++,
        score: step.includes("wrong") ? 0.125 : 0.875,
      }));
      call.write({ scores: { pathId: 0, scores } });
    });
    call.on("end", () => {
      call.write({ closed: { verifierTokens: 30 } });
      call.end();
    });
  };
  const plan = (call: { request: unknown }, reply: (error: null, value: object) => void) => {
    requests["plan"]!.push(call.request);
    reply(null, {
      first: PLAN,
      // oxlint-disable-next-line unicorn/no-thenable -- the name of the contract; a list is no promise
      then: [{ ...PLAN, ...UNREAD, strategy: "STRATEGY_MAJORITY", row: "easy", reason: "It is easy." }],
      temperature: PLAN.temperature,
    });
  };
  const info = (_: unknown, reply: (error: null, value: object) => void) =>
    reply(null, { prmModel: "fake-prm", prmParameterCount: 2_300_000, policyModel: "fake-policy" });
  return serve(
    "verifier",
    "VerifierService",
    { solve, score, plan, getVerifierInfo: info },
    requests,
    cancelled,
  );
}

function failure({ code, message }: { code: number; message: string }) {
  return { code, details: message, metadata: new Metadata() };
}

/** Serves one of the contract's services on a free loopback port. */
export async function serve(
  file: string,
  service: "VerifierService" | "GeneratorService",
  handlers: object,
  requests: Record<string, unknown[]>,
  cancelled: string[],
): Promise<FakeService> {
  const definition = loadSync(`deliberate/v1/${file}.proto`, {
    includeDirs: [protoRoot],
    longs: Number,
    oneofs: true,
  });
  const loaded = loadPackageDefinition(definition) as never as {
    deliberate: { v1: Record<string, { service: never }> };
  };
  const server = new Server();
  server.addService(loaded.deliberate.v1[service]!.service, handlers as never);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { address: `127.0.0.1:${port}`, requests, cancelled, stop: () => server.forceShutdown() };
}

export const PLAN = {
  strategy: "STRATEGY_BEAM",
  n: 4,
  beamWidth: 2,
  verifier: "VERIFIER_PRM",
  aggregation: "SCORE_AGGREGATION_LAST",
  vote: "VOTE_WEIGHTED",
  temperature: 0.8,
  row: "policy<7B, pass@1 0.1-0.5",
  reason: "2 of 4 first samples agree, so there is something to find that a vote alone would miss.",
  estimatedPassRate: 0.4,
};
const UNREAD = { verifier: "VERIFIER_NONE", vote: "VOTE_MAJORITY" };
