/** A client of a service, for as long as a command needs it: of a running one, or of one started in place. */
import { createClient } from "#shared/rpc/connect.js";
import { generatorService, type Service, verifierService } from "#shared/rpc/proto.js";
import type { ClientMethods } from "#shared/rpc/methods.js";
import type { CommandContext } from "../context.js";
import { chooseModels, choosePolicy, type ModelFlags, refuseModelsWithTarget } from "../options/models.js";
import { failWhenEnded, type ServiceChild } from "./child.js";
import { startGenerator, startPair } from "./pair.js";

export interface ServiceFlags extends ModelFlags {
  /** prm, swift, rank, scaled or none: which reward model the command asks for. */
  readonly verifier?: string;
  readonly target?: string;
}

type ClientOf<S> =
  S extends Service<infer Definition, infer Handlers> ? ClientMethods<Definition, Handlers> : never;
export type GeneratorClient = ClientOf<typeof generatorService>;
export type VerifierClient = ClientOf<typeof verifierService>;

const REACH_LIMIT_MS = 5_000;

/** `work` gets a generator; what was started is stopped when it ends. */
export async function withGenerator<T>(
  flags: ServiceFlags,
  context: CommandContext,
  work: (generator: GeneratorClient) => Promise<T>,
): Promise<T> {
  refuseModelsWithTarget(flags.target, flags);
  if (flags.target !== undefined) return withClient(generatorService, flags.target, work);
  const child = await startGenerator(choosePolicy(flags), context.progress, context.signal);
  try {
    return await unlessEnded([child], context.signal, () =>
      withClient(generatorService, child.address, work),
    );
  } finally {
    await child.stop();
  }
}

/** `work` gets a verifier, and the generator behind it when both were started in place. */
export async function withVerifier<T>(
  flags: ServiceFlags,
  context: CommandContext,
  work: (verifier: VerifierClient, generator: GeneratorClient | undefined) => Promise<T>,
): Promise<T> {
  refuseModelsWithTarget(flags.target, flags);
  if (flags.target !== undefined)
    return withClient(verifierService, flags.target, (verifier) => work(verifier, undefined));
  const pair = await startPair(chooseModels(flags), context.progress, context.signal);
  try {
    return await unlessEnded([pair.generator, pair.verifier], context.signal, () =>
      withClient(verifierService, pair.verifier.address, (verifier) =>
        withClient(generatorService, pair.generator.address, (generator) => work(verifier, generator)),
      ),
    );
  } finally {
    await pair.stop();
  }
}

/** Connects, or fails with `unavailable` soon: without this a call to nowhere would wait for its deadline. */
export async function withClient<D, H, T>(
  service: Service<D, H>,
  address: string,
  work: (client: ClientMethods<D, H>) => Promise<T>,
): Promise<T> {
  const client = createClient(service, address);
  try {
    await client.ready(REACH_LIMIT_MS);
    return await work(client);
  } finally {
    client.close();
  }
}

/** A service that dies explains more in its last words than the call that failed with it. */
async function unlessEnded<T>(
  children: readonly ServiceChild[],
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const working = work();
  const ends = children.map((child) => failWhenEnded(child, signal));
  try {
    // One that ends quietly, since the command is being stopped, leaves the word to the work.
    return await Promise.race([working, ...ends.map((end) => end.then(() => working))]);
  } finally {
    // They may also reject when the children are stopped on purpose later.
    for (const end of ends) end.catch(() => {});
  }
}
