/** The verifier with a published kind of PRM behind `VERIFIER_PRM`: refused when it does not know right from wrong, else used. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toConfig as toGeneratorConfig } from "#generator/config.js";
import { createService as createGenerator } from "#generator/service.js";
import type { RunnableService } from "#shared/config/run-service.js";
import { createClient, type RpcClient } from "#shared/rpc/connect.js";
import type { SolveResponse__Output } from "#shared/rpc/gen/deliberate/v1/SolveResponse.js";
import type {
  VerifierServiceDefinition,
  VerifierServiceHandlers,
} from "#shared/rpc/gen/deliberate/v1/VerifierService.js";
import { verifierService } from "#shared/rpc/proto.js";
import { toConfig as toVerifierConfig } from "#verifier/config.js";
import { createService as createVerifier } from "#verifier/service.js";
import { PUBLISHED, type Weights, writePublishedPrm } from "../fakes/prm-directories.js";
import { temporaryDirectory } from "../fakes/temporary-directory.js";
import { writeTinyDirectory } from "../fakes/tiny-directory.js";

const PROBLEM = "7+5-3=?";
const HASH = "#".codePointAt(0)!;
const WIDTH = 48;

/**
 * A value head that sees how many of the tokens so far are "#": their embedding has a channel of its own, the first
 * layer's attention is uniform and copies that channel's mean into another, which the head reads. 0.95 without any.
 */
function countHashes(weights: Weights): void {
  for (const [name, values] of weights) values.fill(name.endsWith("norm.weight") ? 1 : 0);
  const embedding = weights.get("model.embed_tokens.weight")!;
  for (let at = 0; at < embedding.length; at += WIDTH) embedding[at + 1] = 1;
  embedding[HASH * WIDTH] = 4;
  weights.get("model.layers.0.self_attn.v_proj.weight")![0] = 1;
  // From the first number of the first head to channel 2.
  const output = weights.get("model.layers.0.self_attn.o_proj.weight")!;
  output[2 * (output.length / WIDTH)] = 1;
  weights.get("v_head.summary.weight")![2] = -30;
  weights.get("v_head.summary.bias")![0] = 3;
}

const settings = (prefix: string, cacheDir: string): Record<string, string> => ({
  [`${prefix}_LOG_LEVEL`]: "silent",
  [`${prefix}_PORT`]: "0",
  [`${prefix}_CACHE_DIR`]: cacheDir,
  [`${prefix}_THREADS`]: "1",
  [`${prefix}_GRACE_MS`]: "100",
});

const verifierWith = (prmDir: string, generator: string): Promise<RunnableService> =>
  createVerifier(
    toVerifierConfig({
      ...settings("VERIFIER", join(prmDir, "cache")),
      GENERATOR_ADDRESS: generator,
      VERIFIER_PRM: prmDir,
    }),
  );

/** Every step is as good as any other. */
function blind(weights: Weights): void {
  for (const [name, values] of weights) if (/^(lm_head|score|v_head)\./u.test(name)) values.fill(0);
}

test.each(PUBLISHED.map(({ family }) => family))("a blind %s is not served", async (family) => {
  const { dir } = await writePublishedPrm(await temporaryDirectory(), family, { change: blind });
  await expect(verifierWith(dir, "127.0.0.1:1")).rejects.toMatchObject({
    code: "failed_precondition",
    details: { reason: "PRM_SELF_CHECK_FAILED" },
  });
});

describe("a PRM with a value head", () => {
  const services: RunnableService[] = [];
  let client: RpcClient<VerifierServiceDefinition, VerifierServiceHandlers>;

  beforeAll(async () => {
    const parent = await temporaryDirectory();
    await writeTinyDirectory(join(parent, "policy"), 1, 2);
    const { dir } = await writePublishedPrm(parent, "skywork", { change: countHashes });
    const pair = { problem: PROBLEM, good: ["7+5=12\n", "9"], bad: ["7+5=12\n", "#8"] };
    await writeFile(join(dir, "prm_config.json"), JSON.stringify({ self_check: pair }));
    const generator = await createGenerator(
      toGeneratorConfig({
        ...settings("GENERATOR", join(parent, "cache")),
        GENERATOR_POLICY: join(parent, "policy"),
      }),
    );
    services.push(generator);
    const verifier = await verifierWith(dir, await generator.start());
    services.push(verifier);
    client = createClient(verifierService, await verifier.start());
  });
  afterAll(async () => {
    client?.close();
    for (const service of services.toReversed()) await service.stop();
  });

  test.each([
    ["STRATEGY_BEST_OF_N", {}],
    ["STRATEGY_BEAM", { beamWidth: 4 }],
  ] as const)("%s follows its scores", async (strategy, more) => {
    const events: SolveResponse__Output[] = [];
    const signal = AbortSignal.timeout(50_000);
    // Hot enough that the random policy ends its solutions.
    const sampling = { temperature: 3 };
    const request = { problem: PROBLEM, strategy, n: 16, seed: 3, maxSolutionTokens: 100, sampling, ...more };
    for await (const event of client.solve(request, { signal })) events.push(event);
    const { candidates, solution, usage } = events.at(-1)!.solved!;
    expect(candidates.length).toBeGreaterThan(0);
    for (const { text, score } of candidates) expect(score! > 0.5).toBe(!text.includes("#"));
    const best = Math.max(...candidates.map(({ score }) => score!));
    expect(candidates.filter(({ score }) => score === best).map(({ text }) => text)).toContain(solution);
    expect(usage!.verifierTokens).toBeGreaterThan(0);
  });

  test("Score gives one score for each step, and the same for all steps at once", async () => {
    const texts = ["7+5=12\n", "#\n", "\n", "8"];
    const scores: number[] = [];
    const requests = [
      { start: { problem: PROBLEM } },
      { append: { pathId: 0, steps: texts } },
      ...texts.map((text, index) => ({ append: { pathId: index === 0 ? 0 : 4 + index, steps: [text] } })),
    ];
    const call = client.score({ signal: AbortSignal.timeout(20_000) });
    for (const request of requests) await call.write(request);
    call.end();
    for await (const reply of call.responses)
      scores.push(...(reply.scores?.scores ?? []).map(({ score }) => score));
    expect(scores).toHaveLength(8);
    expect(scores.slice(4)).toBeAllclose(scores.slice(0, 4), { atol: 1e-6 });
    expect(scores[0]).toBeGreaterThan(0.9);
    expect(scores[1]).toBeLessThan(0.1);
    expect(scores[2]).toBe(scores[1]);
  });
});
