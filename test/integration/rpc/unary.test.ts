import { Client, credentials, Metadata, type ServiceError as GrpcError } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { ServiceError } from "#shared/errors.js";
import { createClient } from "#shared/rpc/connect.js";
import type { CallContext } from "#shared/rpc/methods.js";
import { verifierService } from "#shared/rpc/proto.js";
import { defaultRpcLimits } from "#shared/rpc/serve.js";
import { rejection, startPair, until } from "./harness.js";

const handlerThrowing = (error: unknown) => ({
  getModelInfo: async () => {
    throw error;
  },
});

describe("a unary call", () => {
  test("returns what the handler returns, unset fields with their defaults", async () => {
    const { client } = await startPair({
      getModelInfo: async () => ({ model: "tiny", parameterCount: 2 ** 40 }),
    });
    expect(await client.getModelInfo({})).toMatchObject({
      model: "tiny",
      parameterCount: 2 ** 40,
      precision: "",
    });
  });

  test("carries a ServiceError with all its details to the client", async () => {
    const details = {
      fieldViolations: [{ field: "sampling.top_p", description: "must be in (0, 1], got 1.5 · ü" }],
      quotaViolations: [{ subject: "kv", description: "at most 10 bytes, needs 12" }],
      retryAfterMs: 1250,
      reason: "KV_FULL",
      metadata: { limit: "10" },
    };
    const { client } = await startPair(
      handlerThrowing(new ServiceError("resource_exhausted", "full · ü 100%", details)),
    );
    const error = await rejection(client.getModelInfo({}));
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({ code: "resource_exhausted", message: "full · ü 100%", details });
  });

  test("says nothing about an unexpected error", async () => {
    const { client } = await startPair(handlerThrowing(new Error("secret path /root/x")));
    const error = await rejection(client.getModelInfo({}));
    expect(error).toMatchObject({
      code: "internal",
      message: "internal error; the server's log has it",
      details: {},
    });
  });

  test("survives a message with a lone surrogate and a megabyte of text", async () => {
    const message = `\uD800${"x".repeat(2 ** 20)}`;
    const { client } = await startPair(
      handlerThrowing(
        new ServiceError("invalid_argument", message, {
          fieldViolations: [{ field: message, description: message }],
        }),
      ),
    );
    const error = await rejection(client.getModelInfo({}));
    expect(error).toMatchObject({ code: "invalid_argument" });
    expect((error as Error).message.length).toBeLessThan(1100);
  });

  test("ends with DEADLINE_EXCEEDED, and the handler's signal aborts", async () => {
    let context: CallContext | undefined;
    const { client } = await startPair({
      getModelInfo: async (_request, given) => {
        context = given;
        await until(() => given.signal.aborted);
        throw given.signal.reason;
      },
    });
    await client.ready(10_000);
    const before = Date.now();
    const error = await rejection(client.getModelInfo({}, { deadlineMs: 300 }));
    expect(error).toMatchObject({ code: "deadline_exceeded" });
    await until(() => context!.signal.aborted);
    expect(context!.deadline).toBeGreaterThanOrEqual(before + 200);
    expect(context!.deadline).toBeLessThan(before + 10_000);
  });

  test("is ended by the server when its client lets the deadline pass", async () => {
    let reason: unknown;
    const { address } = await startPair({
      getModelInfo: async (_request, { signal }) => {
        await until(() => signal.aborted);
        reason = signal.reason;
        throw signal.reason;
      },
    });
    const raw = new Client(address, credentials.createInsecure());
    const metadata = new Metadata();
    // Told to the server alone.
    metadata.set("grpc-timeout", "50m");
    const error = await new Promise<GrpcError | null>((resolve) => {
      const empty = (): Buffer => Buffer.alloc(0);
      raw.makeUnaryRequest(
        "/deliberate.v1.GeneratorService/GetModelInfo",
        empty,
        String,
        {},
        metadata,
        resolve,
      );
    });
    raw.close();
    expect(error).toMatchObject({ code: 4 });
    await until(() => reason !== undefined);
    expect(reason).toMatchObject({ code: "deadline_exceeded" });
  });

  test("without a deadline is capped by the server's", async () => {
    const { address } = await startPair(
      {
        getModelInfo: async (_request, { signal }) => {
          await until(() => signal.aborted);
          throw signal.reason;
        },
      },
      { limits: { ...defaultRpcLimits, defaultDeadlineMs: 50 } },
    );
    const raw = new Client(address, credentials.createInsecure());
    const error = await new Promise<GrpcError | null>((resolve) => {
      const empty = (): Buffer => Buffer.alloc(0);
      raw.makeUnaryRequest("/deliberate.v1.GeneratorService/GetModelInfo", empty, String, {}, resolve);
    });
    raw.close();
    expect(error).toMatchObject({ code: 4, details: "the call's deadline of 50 ms passed" });
  });

  test("rejects with the signal's reason when cancelled, and the handler's signal aborts", async () => {
    let seen: AbortSignal | undefined;
    const { client } = await startPair({
      getModelInfo: async (_request, { signal }) => {
        seen = signal;
        await until(() => signal.aborted);
        throw signal.reason;
      },
    });
    const controller = new AbortController();
    const pending = rejection(client.getModelInfo({}, { signal: controller.signal }));
    await until(() => seen !== undefined);
    controller.abort(new Error("changed my mind"));
    expect(await pending).toMatchObject({ message: "changed my mind" });
    await until(() => seen!.aborted);
    expect(seen!.reason).toMatchObject({ code: "cancelled" });
  });

  test("is tried again when idempotent and unavailable, at most three times", async () => {
    let calls = 0;
    const { client } = await startPair({
      getModelInfo: async () => {
        calls++;
        if (calls < 3) throw new ServiceError("unavailable", "loading", { retryAfterMs: 1 });
        return { model: "tiny" };
      },
    });
    expect(await client.getModelInfo({})).toMatchObject({ model: "tiny" });
    calls = -10;
    expect(await rejection(client.getModelInfo({}))).toMatchObject({ code: "unavailable" });
    expect(calls).toBe(-7);
  });

  test("of a service that is not served is UNIMPLEMENTED", async () => {
    const { address } = await startPair({});
    const client = createClient(verifierService, address);
    expect(await rejection(client.plan({ problem: "1+1" }))).toMatchObject({ code: "unimplemented" });
    client.close();
  });

  test("to nobody is UNAVAILABLE", async () => {
    const { client, server } = await startPair({});
    await server.stop(0);
    expect(await rejection(client.getModelInfo({}))).toMatchObject({ code: "unavailable" });
    expect(await rejection(client.ready(50))).toMatchObject({ code: "unavailable" });
  });

  test("with bytes that are no message fails alone", async () => {
    const { address, client } = await startPair({ getModelInfo: async () => ({ model: "tiny" }) });
    const raw = new Client(address, credentials.createInsecure());
    const error = await new Promise<GrpcError | null>((resolve) => {
      const garbage = (): Buffer => Buffer.from([0x0f, 0xff, 0xff, 0xff]);
      raw.makeUnaryRequest("/deliberate.v1.GeneratorService/GetModelInfo", garbage, String, {}, resolve);
    });
    raw.close();
    expect(error).toMatchObject({ code: 13 });
    expect(await client.getModelInfo({})).toMatchObject({ model: "tiny" });
  });
});
