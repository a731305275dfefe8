/** `/metrics` of both real services, with the shipped models, as a scraper sees it. */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createClient } from "#shared/rpc/connect.js";
import type { SolveResponse__Output } from "#shared/rpc/gen/deliberate/v1/SolveResponse.js";
import { generatorService, verifierService } from "#shared/rpc/proto.js";
import { scrape } from "../fakes/scrape.js";
import { jsonLines, runCli } from "./cli/run-cli.js";
import { describeWithModels, type ShippedPair, startShippedPair } from "./shipped-pair.js";

const PROBLEM = "Tom has 12 apples and gives away 5. How many are left?";
const memoryOf = (component: string): string => `deliberate_generator_memory_bytes{component="${component}"}`;

describeWithModels("metrics of a pair", () => {
  let pair: ShippedPair;
  beforeAll(async () => {
    pair = await startShippedPair({ GENERATOR_METRICS_PORT: "0", VERIFIER_METRICS_PORT: "0" });
  });
  afterAll(() => pair?.stop());

  const generator = async () => (await scrape(pair.generatorMetrics!)).samples;
  const verifier = async () => (await scrape(pair.verifierMetrics!)).samples;

  test("the generator's memory is what GetModelInfo tells, and goes back with the session", async () => {
    const client = createClient(generatorService, pair.generatorAddress);
    const call = client.expand({ signal: AbortSignal.timeout(30_000) });
    const replies = call.responses[Symbol.asyncIterator]();
    await call.write({ open: { prompt: PROBLEM } });
    await call.write({ grow: { nodeId: 0, count: 4, until: "UNTIL_STEP" } });
    let reply = await replies.next();
    while (reply.done !== true && reply.value.response !== "grown") reply = await replies.next();

    const { memory, limits, model, precision, modelHash } = await client.getModelInfo({});
    const during = await generator();
    expect(memory!.prefixKvBytes).toBeGreaterThan(0);
    expect(memory!.suffixKvBytes).toBeGreaterThan(0);
    expect({
      weights: during.get(memoryOf("weights")),
      activations: during.get(memoryOf("activations")),
      prefix_kv: during.get(memoryOf("prefix_kv")),
      suffix_kv: during.get(memoryOf("suffix_kv")),
      logits: during.get(memoryOf("logits")),
      slots: during.get(memoryOf("slots")),
      prefix_cache: during.get(memoryOf("prefix_cache")),
    }).toEqual({
      weights: memory!.weightBytes,
      activations: memory!.activationBytes,
      prefix_kv: memory!.prefixKvBytes,
      suffix_kv: memory!.suffixKvBytes,
      logits: memory!.logitsBytes,
      slots: memory!.slotBytes,
      prefix_cache: memory!.prefixCacheBytes,
    });
    expect(during.get("deliberate_generator_kv_limit_bytes")).toBe(memory!.limitBytes);
    expect(during.get("deliberate_generator_kv_utilization_ratio")).toBe(
      limits!.usedKvBytes / memory!.limitBytes,
    );
    expect(during.get("deliberate_generator_sessions")).toBe(1);
    const info = `model="${model}",precision="${precision}",model_hash="${modelHash}"`;
    expect(during.get(`deliberate_generator_model_info{${info}}`)).toBe(1);

    call.end();
    while (reply.done !== true) reply = await replies.next();
    client.close();
    const held = ["prefix_kv", "suffix_kv", "logits", "slots"].map(memoryOf);
    await expect
      .poll(async () => {
        const after = await generator();
        return ["deliberate_generator_sessions", ...held].map((name) => after.get(name));
      })
      .toEqual([0, 0, 0, 0, 0]);
    expect((await generator()).get("deliberate_generator_prompt_tokens_total")).toBeGreaterThan(0);
    expect((await generator()).get("deliberate_generator_generated_tokens_total")).toBeGreaterThan(0);
  });

  test("the verifier counts what a search cost and how it ended, and one that was left", async () => {
    const client = createClient(verifierService, pair.verifierAddress);
    const request = { problem: PROBLEM, strategy: "STRATEGY_BEAM", n: 8, beamWidth: 4, seed: 7 } as const;
    let solved: SolveResponse__Output["solved"];
    let busiest = 0;
    for await (const event of client.solve(request, { signal: AbortSignal.timeout(30_000) })) {
      if (event.nodeAdded)
        busiest = Math.max(busiest, (await verifier()).get("deliberate_verifier_prm_sessions")!);
      solved = event.solved ?? solved;
    }
    expect(busiest).toBe(1);
    const { usage } = solved!;
    const after = await verifier();
    const tokens = (fate: string) => after.get(`deliberate_verifier_generated_tokens_total{fate="${fate}"}`);
    expect([tokens("kept"), tokens("pruned"), tokens("cancelled")]).toEqual([
      usage!.keptTokens,
      usage!.prunedTokens,
      usage!.cancelledTokens,
    ]);
    expect(after.get("deliberate_verifier_verifier_tokens_total")).toBe(usage!.verifierTokens);
    expect(after.get("deliberate_verifier_flops_total")).toBe(usage!.flops);
    const ended = 'strategy="beam",outcome="answered"';
    expect(after.get(`deliberate_verifier_solves_total{${ended},stop_reason="finished"}`)).toBe(1);
    expect(after.get(`deliberate_verifier_solve_duration_seconds_count{${ended}}`)).toBe(1);

    const leaving = new AbortController();
    const left = (async () => {
      for await (const _ of client.solve({ ...request, n: 64 }, { signal: leaving.signal })) leaving.abort();
    })();
    await expect(left).rejects.toThrow("aborted");
    client.close();
    const rpc = 'rpc_system_name="grpc",rpc_method="deliberate.v1.VerifierService/Solve"';
    const names = [
      'deliberate_verifier_solves_total{strategy="beam",outcome="cancelled"}',
      `rpc_server_call_duration_seconds_count{${rpc},rpc_response_status_code="CANCELLED"}`,
      `rpc_server_call_duration_seconds_count{${rpc},rpc_response_status_code="OK"}`,
      "deliberate_verifier_searches_running",
      "deliberate_verifier_prm_sessions",
      "deliberate_verifier_prm_steps_waiting",
      "deliberate_verifier_prm_kv_bytes",
    ];
    const values = async () => {
      const samples = await verifier();
      return names.map((name) => samples.get(name));
    };
    await expect.poll(values, { timeout: 10_000 }).toEqual([1, 1, 1, 0, 0, 0, 0]);
    expect((await verifier()).get("deliberate_verifier_searches_limit")).toBe(32);
  });

  test("no prompt and no answer is in it", async () => {
    for (const address of [pair.generatorMetrics!, pair.verifierMetrics!])
      expect((await scrape(address)).text).not.toMatch(/apples|####/);
  });

  const missing = spawnSync("promtool", ["--version"]).error?.message;
  const title = "promtool finds nothing to improve";
  if (missing !== undefined) console.warn(`${title} (skipped: ${missing})`);
  test.skipIf(missing !== undefined)(title, async () => {
    for (const address of [pair.generatorMetrics!, pair.verifierMetrics!]) {
      const { text } = await scrape(address);
      const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
        input: text,
        encoding: "utf8",
      });
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
    }
  });

  test("`up` passes the ports on and tells the addresses", async () => {
    const ports = ["--generator-metrics-port", "0", "--verifier-metrics-port", "0"];
    const { status, stdout } = await runCli(["up", "--once", "--json", ...ports]);
    expect(status).toBe(0);
    expect(jsonLines(stdout)).toEqual([
      expect.objectContaining({
        event: "ready",
        generator_metrics: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        verifier_metrics: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      }),
    ]);
  });

  test("is gone when the services have stopped", async () => {
    const addresses = [pair.generatorMetrics!, pair.verifierMetrics!];
    await pair.stop();
    for (const address of addresses) await expect(scrape(address)).rejects.toThrow("fetch failed");
  });
});
