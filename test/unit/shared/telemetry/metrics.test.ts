import { createServer } from "node:net";
import { onTestFinished, describe, expect, test } from "vitest";
import { createLogger } from "#shared/log.js";
import { Metrics } from "#shared/telemetry/metrics.js";
import { createCallRecorder } from "#shared/telemetry/rpc-calls.js";
import { scrape } from "../../../fakes/scrape.js";

const log = createLogger("test", "silent");
const place = { host: "127.0.0.1", port: 0, variable: "TEST_METRICS_PORT" };

async function start(wire: (metrics: Metrics) => void = () => {}): Promise<string> {
  const metrics = new Metrics(place, log);
  onTestFinished(() => metrics.dispose());
  wire(metrics);
  await metrics.start();
  return metrics.address!;
}

describe("an instrument", () => {
  const description = "What it is.";

  test("is exported with its unit, its description and its kind", async () => {
    const address = await start((metrics) => {
      metrics.observe(
        () => 3,
        [
          { kind: "gauge", name: "a.memory", unit: "By", description, read: (value) => value },
          { kind: "gauge", name: "a.utilization", unit: "1", description, read: (value) => value / 4 },
          { kind: "counter", name: "a.run", unit: "s", description, read: (value) => value },
        ],
      );
      metrics.counter({ name: "a.tokens", unit: "{token}", description })(2);
    });
    const { text, samples } = await scrape(address);
    expect(Object.fromEntries(samples)).toEqual({
      a_memory_bytes: 3,
      a_utilization_ratio: 0.75,
      a_run_seconds_total: 3,
      a_tokens_total: 2,
    });
    expect(text).toContain("# HELP a_memory_bytes What it is.");
    expect(text).toContain("# TYPE a_run_seconds_total counter");
  });

  test("has a series for each of its labels", async () => {
    const address = await start((metrics) => {
      const read = () => ["x", 'y"'].map((part, value) => ({ value, attributes: { part } }));
      metrics.observe(() => 0, [{ kind: "gauge", name: "parts", unit: "{part}", description, read }]);
    });
    expect([...(await scrape(address)).samples]).toEqual([
      ['parts{part="x"}', 0],
      ['parts{part="y\\""}', 1],
    ]);
  });

  test("is read once for each scrape, all of one snapshot", async () => {
    let taken = 0;
    const address = await start((metrics) => {
      const gauge = { kind: "gauge", unit: "{look}", description, read: (value: number) => value } as const;
      metrics.observe(
        () => ++taken,
        [
          { ...gauge, name: "first" },
          { ...gauge, name: "second" },
        ],
      );
    });
    expect([...(await scrape(address)).samples.values()]).toEqual([1, 1]);
    expect([...(await scrape(address)).samples.values()]).toEqual([2, 2]);
  });

  test("belongs to its own service", async () => {
    const wire = (by: number) => (metrics: Metrics) =>
      metrics.counter({ name: "a.calls", unit: "{call}", description })(by);
    const [one, two] = [await start(wire(1)), await start(wire(2))];
    expect((await scrape(one)).samples.get("a_calls_total")).toBe(1);
    expect((await scrape(two)).samples.get("a_calls_total")).toBe(2);
  });
});

test("calls are counted by method and status, in seconds", async () => {
  const address = await start((metrics) => {
    const record = createCallRecorder(metrics);
    record({ method: "p.S/M", status: "OK", ms: 40 });
    record({ method: "p.S/M", status: "OK", ms: 700_000 });
    record({ method: "p.S/M", status: "CANCELLED", ms: 1 });
  });
  const { samples } = await scrape(address);
  const labels = (status: string) =>
    `rpc_system_name="grpc",rpc_method="p.S/M",rpc_response_status_code="${status}"`;
  const name = "rpc_server_call_duration_seconds";
  expect(samples.get(`${name}_count{${labels("OK")}}`)).toBe(2);
  expect(samples.get(`${name}_sum{${labels("OK")}}`)).toBeCloseTo(700.04);
  expect(samples.get(`${name}_bucket{${labels("OK")},le="0.05"}`)).toBe(1);
  expect(samples.get(`${name}_bucket{${labels("OK")},le="600"}`)).toBe(1);
  expect(samples.get(`${name}_count{${labels("CANCELLED")}}`)).toBe(1);
});

describe("the endpoint", () => {
  test("is not there without a place", async () => {
    const metrics = new Metrics(undefined, log);
    await metrics.start();
    expect(metrics.address).toBeUndefined();
    await metrics.dispose();
  });

  test("answers one path, to read", async () => {
    const address = await start();
    const status = async (path: string, method = "GET") =>
      (await fetch(`http://${address}${path}`, { method })).status;
    expect(await status("/metrics?x=1")).toBe(200);
    expect(await status("/metrics", "HEAD")).toBe(200);
    expect(await status("/metrics", "POST")).toBe(405);
    expect(await status("/")).toBe(404);
    expect(await status("/metrics/../x")).toBe(404);
  });

  test("refuses a port in use by the name of its setting", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { port: number };
    const metrics = new Metrics({ ...place, port }, log);
    await expect(metrics.start()).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(
        `^TEST_METRICS_PORT must be a port to listen on, got 127.0.0.1:${port}: .*EADDRINUSE`,
      ),
      details: { reason: "INVALID_CONFIG", metadata: { variable: "TEST_METRICS_PORT" } },
    });
    await metrics.dispose();
  });

  test("is gone once disposed, also for a connection that was kept, and twice is fine", async () => {
    const metrics = new Metrics(place, log);
    await metrics.start();
    const url = `http://${metrics.address}/metrics`;
    await (await fetch(url)).text();
    await metrics.dispose();
    await metrics.dispose();
    expect(metrics.address).toBeUndefined();
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });
});
