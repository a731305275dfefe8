import { type Client, credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createClient } from "#shared/rpc/connect.js";
import { generatorService, healthService } from "#shared/rpc/proto.js";
import { bind, createServer } from "#shared/rpc/serve.js";
import { collect, rejection, silentLog, startPair, until } from "./harness.js";

const info = { getModelInfo: async () => ({ model: "tiny" }) };

describe("health", () => {
  test("tells of the server and of each service, and NOT_FOUND of others", async () => {
    const { address } = await startPair(info);
    const health = createClient(healthService, address);
    expect(await health.check({ service: "" })).toEqual({ status: "SERVING" });
    expect(await health.check({ service: generatorService.name })).toEqual({ status: "SERVING" });
    expect(await rejection(health.check({ service: "other" }))).toMatchObject({ code: "not_found" });
    health.close();
  });

  test("watchers see NOT_SERVING before the server closes", async () => {
    const { address, server } = await startPair(info);
    const health = createClient(healthService, address);
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { status } of health.watch({ service: "" })) seen.push(status);
    })().catch(() => {});
    await until(() => seen.length === 1);
    await server.stop(1000);
    await watching;
    health.close();
    expect(seen).toEqual(["SERVING", "NOT_SERVING"]);
  });
});

describe("a token", () => {
  test("is required of calls, and not of health", async () => {
    const { address, client } = await startPair(info, { token: "s3cret" });
    expect(await rejection(client.getModelInfo({}))).toMatchObject({
      code: "unauthenticated",
      details: { reason: "TOKEN_REQUIRED" },
    });
    expect(await rejection(collect(client.expand().responses))).toMatchObject({ code: "unauthenticated" });
    const health = createClient(healthService, address);
    expect(await health.check({})).toEqual({ status: "SERVING" });
    health.close();
  });

  test.each([
    ["the right one", "s3cret", undefined],
    ["a wrong one", "s3cre", "unauthenticated"],
    ["a longer one", "s3cret2", "unauthenticated"],
  ])("%s is judged rightly", async (_title, token, code) => {
    const { client } = await startPair(info, { token: "s3cret" }, { token });
    const outcome = await client.getModelInfo({}).catch((error: unknown) => error);
    expect(outcome).toMatchObject(code === undefined ? { model: "tiny" } : { code });
  });
});

describe("reflection", () => {
  interface Answer {
    readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
    readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  }
  interface Call extends AsyncIterable<Answer> {
    write(request: Readonly<Record<string, string>>): void;
    end(): void;
  }
  type Package = {
    grpc: { reflection: { v1: { ServerReflection: new (...args: unknown[]) => Client & Asks } } };
  };
  interface Asks {
    serverReflectionInfo(): Call;
  }

  test("lists the services and describes them, in v1", async () => {
    const { address } = await startPair(info);
    const home = createRequire(import.meta.url).resolve("@grpc/reflection/package.json");
    const proto = join(home, "../build/proto/grpc/reflection/v1/reflection.proto");
    const { ServerReflection } = (loadPackageDefinition(loadSync(proto)) as never as Package).grpc.reflection
      .v1;
    const client = new ServerReflection(address, credentials.createInsecure());
    const call = client.serverReflectionInfo();
    call.write({ listServices: "" });
    call.write({ fileContainingSymbol: "deliberate.v1.GeneratorService" });
    call.write({ fileByFilename: "deliberate/v1/common.proto" });
    call.end();
    const [list, file, imported] = await collect(call);
    client.close();
    expect(list!.listServicesResponse!.service.map(({ name }) => name)).toEqual([
      generatorService.name,
      "grpc.health.v1.Health",
    ]);
    // Proto's own field names, which JSON clients send, and not those of proto-loader.
    expect(Buffer.concat([...file!.fileDescriptorResponse!.fileDescriptorProto]).toString()).toContain(
      "node_id",
    );
    expect(imported!.fileDescriptorResponse!.fileDescriptorProto[0]!.toString()).toContain("top_p");
  });
});

describe("stop", () => {
  test("lets a running call finish and refuses new ones", async () => {
    let finish = (): void => {};
    let started = false;
    const { client, server } = await startPair({
      getModelInfo: async () => {
        started = true;
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return { model: "late" };
      },
    });
    const running = client.getModelInfo({});
    await until(() => started);
    const stopped = server.stop(10_000);
    expect(await rejection(client.getModelInfo({}))).toMatchObject({ code: "unavailable" });
    finish();
    expect(await running).toMatchObject({ model: "late" });
    await stopped;
  });

  test("ends what outlives the grace with UNAVAILABLE", async () => {
    let started = false;
    const { client, server } = await startPair({
      async *expand(_requests, { signal }) {
        started = true;
        yield { opened: {} };
        await until(() => signal.aborted);
        throw signal.reason;
      },
    });
    const outcome = rejection(collect(client.expand().responses));
    await until(() => started);
    await server.stop(50);
    expect(await outcome).toMatchObject({ code: "unavailable", details: { reason: "DRAINING" } });
    await server.stop(50);
  });

  test("is quick when nothing runs", async () => {
    const { client, server } = await startPair(info);
    await client.getModelInfo({});
    const startedAt = performance.now();
    await server.stop(10_000);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});

describe("start", () => {
  test("names the address that cannot be had", async () => {
    const { address } = await startPair(info);
    const port = Number(address.split(":")[1]);
    const second = createServer({
      services: [bind(generatorService, info as never)],
      host: "127.0.0.1",
      port,
      log: silentLog,
    });
    expect(await rejection(second.start())).toMatchObject({
      code: "unavailable",
      message: expect.stringContaining(address),
    });
  });

  test("warns when anybody may call", async () => {
    const warnings: unknown[] = [];
    const log = Object.assign(Object.create(silentLog) as typeof silentLog, {
      warn: (...args: unknown[]) => warnings.push(args),
    });
    for (const options of [{ host: "0.0.0.0" }, { host: "0.0.0.0", token: "t" }, { host: "127.0.0.1" }])
      await startPair(info, { log, ...options });
    expect(warnings).toHaveLength(1);
  });
});

describe("TLS", () => {
  const directory = mkdtempSync(join(tmpdir(), "deliberate-tls-"));
  const certPath = join(directory, "cert.pem");
  const keyPath = join(directory, "key.pem");
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", keyPath];
  const made = spawnSync("openssl", ["req", "-x509", ...key, ...subject, "-days", "2", "-out", certPath]);
  afterAll(() => rmSync(directory, { recursive: true }));
  const testTls = made.status === 0 ? test : test.skip;

  testTls("serves clients that trust its certificate, and no others (skipped without openssl)", async () => {
    const { client, address } = await startPair(
      info,
      { tls: { certPath, keyPath } },
      { tls: { caPath: certPath } },
    );
    expect(await client.getModelInfo({})).toMatchObject({ model: "tiny" });
    const plain = createClient(generatorService, address, { unaryDeadlineMs: 2000 });
    expect(await rejection(plain.getModelInfo({}))).toMatchObject({ code: "unavailable" });
    plain.close();
  });

  testTls("with a client authority asks for a client certificate (skipped without openssl)", async () => {
    const tls = { certPath, keyPath, clientCaPath: certPath };
    const mutual = { tls: { caPath: certPath, certPath, keyPath } };
    const { client, address } = await startPair(info, { tls }, mutual);
    expect(await client.getModelInfo({})).toMatchObject({ model: "tiny" });
    const anonymous = createClient(generatorService, address, {
      tls: { caPath: certPath },
      unaryDeadlineMs: 2000,
    });
    expect(await rejection(anonymous.getModelInfo({}))).toMatchObject({ code: "unavailable" });
    anonymous.close();
  });

  test("names the PEM file that cannot be read", async () => {
    const started = startPair(info, { tls: { certPath: "/nowhere.pem", keyPath } });
    expect(await rejection(started)).toMatchObject({ message: expect.stringContaining("/nowhere.pem") });
  });
});
