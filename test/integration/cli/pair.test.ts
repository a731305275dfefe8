import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { jsonLines, type Running, start } from "./run-cli.js";

const driver = fileURLToPath(new URL("../../fakes/pair-driver.mjs", import.meta.url));
let running: Running | undefined;
afterEach(() => void running?.process.kill("SIGKILL"));

/** `behaviour`: how the stand-ins misbehave; see service-main.mjs. */
function startPair(behaviour = ""): Running {
  running = start([driver], "", { FAKE_SERVICE: behaviour });
  return running;
}

async function pidsOf(pair: Running): Promise<number[]> {
  let text = "";
  pair.process.stdout!.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await pair.until(/"pids".*\n/);
  const line = jsonLines(text).find((value) => "pids" in value) as { pids: number[] };
  return line.pids;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const noneAlive = (pids: readonly number[], timeout = 10_000) =>
  expect.poll(() => pids.filter(isAlive), { timeout, interval: 50 }).toEqual([]);

describe("a pair", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("is stopped by %s", async (signal) => {
    const pair = startPair();
    const pids = await pidsOf(pair);
    expect(pids.map(isAlive)).toEqual([true, true]);
    pair.process.kill(signal);
    expect((await pair.ended).status).toBe(0);
    await noneAlive(pids);
  });

  test("does not outlive a parent that was killed", async () => {
    const pair = startPair();
    const pids = await pidsOf(pair);
    pair.process.kill("SIGKILL");
    await noneAlive(pids);
  });

  test("that ignores SIGTERM still ends with a parent that was killed", async () => {
    const pair = startPair("stubborn");
    const pids = await pidsOf(pair);
    pair.process.kill("SIGKILL");
    await noneAlive(pids, 15_000);
  });

  test("that ignores SIGTERM is killed", async () => {
    const pair = startPair("verifier:stubborn");
    const pids = await pidsOf(pair);
    pair.process.kill("SIGINT");
    expect((await pair.ended).status).toBe(0);
    await noneAlive(pids);
  });

  test("tells when a service dies, with its last words", async () => {
    const pair = startPair("verifier:dies");
    const pids = await pidsOf(pair);
    const { stdout } = await pair.ended;
    expect(jsonLines(stdout).at(-1)).toEqual({ first: expect.stringMatching(/verifier pid \d+/) });
    await noneAlive(pids);
  });
});

describe("a start that fails", () => {
  const outcome = async (behaviour: string) => {
    const { stdout } = await startPair(behaviour).ended;
    return jsonLines(stdout).at(-1) as { error: string; name: string };
  };

  test("shows what the service said", async () => {
    const { error, name } = await outcome("generator:fails");
    expect(name).toBe("ServiceError");
    expect(error).toMatch(
      /the generator ended before it was ready \(exit status 1\):[^]*hidden_size, got none/,
    );
  });

  test("is bad input when the service says so", async () => {
    const { error, name } = await outcome("verifier:refuses");
    expect(name).toBe("BadInputError");
    expect(error).toContain('THREADS must be an integer, got "many"');
  });

  test("leaves no generator behind when the verifier fails", async () => {
    const pair = startPair("verifier:fails");
    const { stdout } = await pair.ended;
    const { error } = jsonLines(stdout).at(-1) as { error: string };
    expect(error).toContain("the verifier ended before it was ready");
  });

  test("can be interrupted while it is waited for", async () => {
    const pair = startPair("verifier:silent");
    await pair.until(/starting the verifier/);
    pair.process.kill("SIGINT");
    expect(jsonLines((await pair.ended).stdout).at(-1)).toMatchObject({ error: "SIGINT" });
  });
});
