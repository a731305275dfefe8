/**
 * Everything a caller can get wrong, against the real pair: the status, google.rpc details that name the field, a message
 * that says what must hold and what was got, and afterwards nothing that leaks or has stopped.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createClient, type RpcClient } from "#shared/rpc/connect.js";
import type { SolveRequest } from "#shared/rpc/gen/deliberate/v1/SolveRequest.js";
import { generatorService, verifierService } from "#shared/rpc/proto.js";
import { badFeaturizes, badPlans, badScores, badSessions, badSolves, open, problem } from "./bad-requests.js";
import { collect, rejection } from "./rpc/harness.js";
import { describeWithModels, type ShippedPair, startShippedPair } from "./shipped-pair.js";

type Types<Service> = Service extends { types?: infer T } ? NonNullable<T> : never;
type Client<Service> =
  Types<Service> extends { definition: infer D; handlers: infer H } ? RpcClient<D, H> : never;
type GeneratorClient = Client<typeof generatorService>;
type VerifierClient = Client<typeof verifierService>;

/** Few enough that one place that is not given back is soon missed. */
const limits = { GENERATOR_MAX_SESSIONS: "3", VERIFIER_MAX_SEARCHES: "3" };

describeWithModels("bad input to the pair", () => {
  let pair: ShippedPair;
  let generator: GeneratorClient;
  let verifier: VerifierClient;

  beforeAll(async () => {
    pair = await startShippedPair(limits);
    generator = createClient(generatorService, pair.generatorAddress);
    verifier = createClient(verifierService, pair.verifierAddress);
  });

  afterAll(async () => {
    generator?.close();
    verifier?.close();
    await pair?.stop();
  });

  const usedKvBytes = async (): Promise<number> => (await generator.getModelInfo({})).limits!.usedKvBytes;

  /** Every place can be taken again, no memory is held, and a search still works. */
  async function expectAllGivenBack(): Promise<void> {
    await expect.poll(usedKvBytes, { timeout: 10_000 }).toBe(0);
    const searches = Array.from({ length: 3 }, (_, seed) =>
      collect(verifier.solve({ problem, strategy: "STRATEGY_BEST_OF_N", n: 2, seed })),
    );
    for (const events of await Promise.all(searches)) expect(events.at(-1)!.event).toBe("solved");
    await expect.poll(usedKvBytes, { timeout: 10_000 }).toBe(0);
  }

  async function send<Request>(
    call: { write(request: Request): Promise<void>; end(): void; responses: AsyncIterable<unknown> },
    requests: readonly Request[],
  ): Promise<unknown[]> {
    const writing = (async () => {
      for (const request of requests) await call.write(request);
      call.end();
    })();
    // A write that fails means that the call has ended; the responses tell why.
    writing.catch(() => {});
    return collect(call.responses);
  }

  const violation = (field: string, description: string) => ({
    code: "invalid_argument",
    details: {
      reason: expect.any(String),
      fieldViolations: [{ field, description: expect.stringContaining(description) }],
    },
  });

  describe("is INVALID_ARGUMENT that names the field", () => {
    test.each(badSolves)("Solve with %s", async (_title, request, field, description) => {
      const error = await rejection(collect(verifier.solve({ problem, ...request })));
      expect(error).toMatchObject(violation(field, description));
    });

    test.each(badPlans)("Plan with %s", async (_title, request, field, description) => {
      expect(await rejection(verifier.plan(request))).toMatchObject(violation(field, description));
    });
  });

  describe("is INVALID_ARGUMENT to Featurize, too, where it", () => {
    test.each(badFeaturizes)("has %s", async (_title, request, field, description) => {
      const continuations = [{ text: "a" }];
      const error = await rejection(collect(generator.featurize({ continuations, ...request })));
      expect(error).toMatchObject(violation(field, description));
    });
  });

  describe("ends a session with the status that fits", () => {
    test.each(badSessions)("Expand with %s", async (_title, requests, code, message) => {
      const error = await rejection(send(generator.expand(), requests));
      expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
      expect(error).toHaveProperty("details.reason");
    });

    test.each(badScores)("Score with %s", async (_title, requests, code, message) => {
      const error = await rejection(send(verifier.score(), requests));
      expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
      expect(error).toHaveProperty("details.reason");
    });

    test("and all of it leaves nothing behind", expectAllGivenBack);
  });

  describe("a client", () => {
    afterEach(expectAllGivenBack);

    test("that never reads its steps holds up nobody", async () => {
      const call = generator.expand();
      await call.write(open);
      for (let i = 0; i < 8; i++)
        await call.write({ grow: { nodeId: 0, count: 64, until: "UNTIL_END" } }).catch(() => {});
      expect((await collect(verifier.solve({ problem }))).at(-1)!.event).toBe("solved");
      expect(await usedKvBytes()).toBeGreaterThan(0);
      call.cancel();
    });

    test("that never reads its events holds up nobody", async () => {
      const leaving = new AbortController();
      const request: SolveRequest = { problem, strategy: "STRATEGY_BEST_OF_N", n: 256 };
      const events = verifier.solve(request, { signal: leaving.signal });
      expect((await collect(verifier.solve({ problem }))).at(-1)!.event).toBe("solved");
      leaving.abort(new Error("left"));
      await rejection(collect(events));
    });

    test("that leaves in the middle of features leaves nothing behind", async () => {
      const continuations = Array.from({ length: 256 }, () => ({ text: problem }));
      const leaving = new AbortController();
      const replies = generator.featurize({ prompt: problem, continuations }, { signal: leaving.signal });
      for await (const { chunk } of replies) if (chunk) break;
      const unread = generator.featurize({ prompt: problem, continuations }, { signal: leaving.signal });
      await unread[Symbol.asyncIterator]().next();
      leaving.abort(new Error("left"));
    });

    test("that asks for one session too many is told when to try again", async () => {
      const calls = Array.from({ length: 3 }, () => generator.expand());
      for (const call of calls) {
        await call.write(open);
        await call.responses[Symbol.asyncIterator]().next();
      }
      const error = await rejection(send(generator.expand(), [open]));
      expect(error).toMatchObject({
        code: "resource_exhausted",
        details: { retryAfterMs: expect.any(Number) },
      });
      for (const call of calls) call.cancel();
    });

    test("that vanishes, its connection cut, leaves nothing behind", async () => {
      const cuts = [await cutTo(pair.generatorAddress), await cutTo(pair.verifierAddress)] as const;
      const grower = createClient(generatorService, cuts[0].address);
      const solver = createClient(verifierService, cuts[1].address);
      const call = grower.expand();
      await call.write(open);
      await call.write({ grow: { nodeId: 0, count: 64, until: "UNTIL_END" } });
      const solving = solver.solve({ problem, strategy: "STRATEGY_BEAM", n: 64, beamWidth: 4 });
      for (const stream of [call.responses, solving]) await stream[Symbol.asyncIterator]().next();
      for (const { cut } of cuts) cut();
      for (const client of [grower, solver]) client.close();
    });
  });
});

/** A way to an address that can be cut without a word of HTTP/2. */
async function cutTo(address: string): Promise<{ readonly address: string; cut(): void }> {
  const port = Number(address.split(":").at(-1));
  const sockets: Socket[] = [];
  const server: Server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const socket of [near, far]) sockets.push(socket.on("error", () => {}));
    near.pipe(far).pipe(near);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: nearPort } = server.address() as { port: number };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { address: `127.0.0.1:${nearPort}`, cut };
}
