import { onTestFinished } from "vitest";
import { type ConnectOptions, createClient, type RpcClient } from "#shared/rpc/connect.js";
import { createLogger } from "#shared/log.js";
import type { Implementation } from "#shared/rpc/methods.js";
import { generatorService } from "#shared/rpc/proto.js";
import { bind, createServer, type RpcServer, type ServerOptions } from "#shared/rpc/serve.js";

type Types = NonNullable<typeof generatorService.types>;
export type GeneratorHandlers = Implementation<Types["handlers"]>;
export type GeneratorClient = RpcClient<Types["definition"], Types["handlers"]>;

export const silentLog = createLogger("test", "silent");

const unexpected = (): never => {
  throw new Error("this test does not call it");
};

export interface Pair {
  readonly server: RpcServer;
  readonly client: GeneratorClient;
  readonly address: string;
}

/** A server with fake handlers on a free port, and a client of it; both are closed when the test ends. */
export async function startPair(
  handlers: Partial<GeneratorHandlers>,
  options: Partial<ServerOptions> = {},
  clientOptions: ConnectOptions = {},
): Promise<Pair> {
  const server = createServer({
    services: [
      bind(generatorService, {
        getModelInfo: unexpected,
        expand: unexpected,
        featurize: unexpected,
        ...handlers,
      }),
    ],
    host: "127.0.0.1",
    port: 0,
    log: silentLog,
    ...options,
  });
  const address = `127.0.0.1:${await server.start()}`;
  const client = createClient(generatorService, address, clientOptions);
  onTestFinished(async () => {
    client.close();
    await server.stop(0);
  });
  return { server, client, address };
}

/** Resolves once the condition holds; fails the test by its timeout otherwise. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Resolves when nothing has changed for a while. */
export async function settled(value: () => number): Promise<number> {
  let last = -1;
  let same = 0;
  while (same < 10) {
    same = value() === last ? same + 1 : 0;
    last = value();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return last;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const result: T[] = [];
  for await (const item of items) result.push(item);
  return result;
}

/** The value a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("did not reject");
}
