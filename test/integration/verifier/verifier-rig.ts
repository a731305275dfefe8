/** A verifier on a real socket with a scripted generator and a PRM that checks sums. */
import { createClient, type RpcClient } from "#shared/rpc/connect.js";
import { verifierService } from "#shared/rpc/proto.js";
import type { SolveRequest } from "#shared/rpc/gen/deliberate/v1/SolveRequest.js";
import type { SolveResponse__Output } from "#shared/rpc/gen/deliberate/v1/SolveResponse.js";
import type {
  VerifierServiceDefinition,
  VerifierServiceHandlers,
} from "#shared/rpc/gen/deliberate/v1/VerifierService.js";
import { toConfig } from "#verifier/config.js";
import { createService } from "#verifier/service.js";
import { ARITHMETIC_CHECK, type ArithmeticPrm, arithmeticPrm } from "../../fakes/arithmetic-prm.js";
import { type FakeGenerator, type Script, startFakeGenerator } from "../../fakes/generator-server.js";

export interface Rig {
  readonly generator: FakeGenerator;
  readonly prm: ArithmeticPrm | undefined;
  readonly client: RpcClient<VerifierServiceDefinition, VerifierServiceHandlers>;
  /** All events of a Solve. */
  solve(request: SolveRequest, signal?: AbortSignal): Promise<SolveResponse__Output[]>;
  stop(): Promise<void>;
}

/** 2 + 3 + 4 in three steps. Every third child adds wrongly. */
export const sums: Script = (path, childIndex) => {
  const slip = childIndex % 3 === 2 ? 1 : 0;
  const before = Number(/= (\d+)/.exec(path.at(-1) ?? "")?.[1] ?? 0);
  if (path.length === 0) return { text: `2 + 3 = ${5 + slip}\n`, finish: "STEP" };
  if (path.length === 1) return { text: `${before} + 4 = ${before + 4 + slip}\n`, finish: "STEP" };
  return { text: `#### ${before}`, finish: "EOS" };
};

export interface RigOptions {
  readonly script?: Script;
  readonly stepMs?: number;
  readonly withPrm?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export async function startRig({
  script = sums,
  stepMs = 0,
  withPrm = true,
  env = {},
}: RigOptions = {}): Promise<Rig> {
  const generator = await startFakeGenerator({ script, stepMs });
  const prm = withPrm ? arithmeticPrm() : undefined;
  const config = toConfig({
    VERIFIER_PORT: "0",
    VERIFIER_LOG_LEVEL: "silent",
    VERIFIER_GRACE_MS: "100",
    GENERATOR_ADDRESS: generator.address,
    ...env,
  });
  const service = await createService(
    config,
    prm ? { prm: { scorer: prm, selfCheck: ARITHMETIC_CHECK } } : {},
  );
  const client = createClient(verifierService, await service.start());
  return {
    generator,
    prm,
    client,
    async solve(request, signal = AbortSignal.timeout(20_000)) {
      const events: SolveResponse__Output[] = [];
      for await (const event of client.solve(request, { signal })) events.push(event);
      return events;
    },
    async stop() {
      client.close();
      await service.stop();
      await generator.kill();
    },
  };
}
