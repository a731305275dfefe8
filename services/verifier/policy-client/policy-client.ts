/** The policy over gRPC: the only folder that knows there is a generator. */
import { ServiceError } from "#shared/errors.js";
import { type ConnectOptions, createClient, type RpcClient } from "#shared/rpc/connect.js";
import { generatorService } from "#shared/rpc/proto.js";
import type { ExpandResponse__Output } from "#shared/rpc/gen/deliberate/v1/ExpandResponse.js";
import type {
  GeneratorServiceDefinition,
  GeneratorServiceHandlers,
} from "#shared/rpc/gen/deliberate/v1/GeneratorService.js";
import type { Policy, PolicyInfo, PolicyOpenOptions, PolicySession } from "../ports.js";
import { type GeneratorInfo, toGeneratorInfo, toOpen } from "./codec.js";
import { type ExpandCall, ExpandSession } from "./session.js";

type Client = RpcClient<GeneratorServiceDefinition, GeneratorServiceHandlers>;

export interface PolicyClient extends Policy {
  /** Closes the channel; sessions end with unavailable. Idempotent. */
  close(): void;
}

/** Connects on first use; `address` is host:port. Every failure to reach it is `unavailable` and names the address. */
export function createPolicyClient(address: string, options: ConnectOptions = {}): PolicyClient {
  return new GrpcPolicy(createClient(generatorService, address, options), address);
}

class GrpcPolicy implements PolicyClient {
  readonly #client: Client;
  readonly #address: string;
  /** Asked once, and again after a failure, since another model may have been started meanwhile. */
  #info: GeneratorInfo | undefined;

  constructor(client: Client, address: string) {
    this.#client = client;
    this.#address = address;
  }

  async info(signal: AbortSignal): Promise<PolicyInfo> {
    return this.#modelInfo(signal);
  }

  async open(problem: string, options: PolicyOpenOptions, signal: AbortSignal): Promise<PolicySession> {
    const info = await this.#modelInfo(signal);
    try {
      const call: ExpandCall = this.#client.expand({ signal });
      const responses = this.#named(call.responses);
      // A failed write means that the call has ended; `responses` tells why.
      call.write({ open: toOpen(problem, options, info) }).catch(() => undefined);
      const first = await responses.next();
      const opened = first.done === true ? undefined : first.value.opened;
      if (!opened) throw new ServiceError("unavailable", this.#message("must answer Open with Opened"));
      return new ExpandSession(call, responses, opened, info, options.promptProbe?.shape[0] ?? 0);
    } catch (error) {
      this.#info = undefined;
      throw error;
    }
  }

  close(): void {
    this.#client.close();
  }

  async #modelInfo(signal: AbortSignal): Promise<GeneratorInfo> {
    try {
      this.#info ??= toGeneratorInfo(await this.#client.getModelInfo({}, { signal }));
      return this.#info;
    } catch (error) {
      throw this.#toError(error);
    }
  }

  async *#named(
    responses: AsyncIterable<ExpandResponse__Output>,
  ): AsyncGenerator<ExpandResponse__Output, void, undefined> {
    try {
      yield* responses;
    } catch (error) {
      this.#info = undefined;
      throw this.#toError(error);
    }
  }

  /** The generator's refusals pass; a connection that is not there names the address and the remedy. */
  #toError(error: unknown): unknown {
    if (!(error instanceof ServiceError)) return error;
    if (error.code !== "unavailable") return inWordsOfSolve(error);
    const message = this.#message(
      `must be running and reachable (${error.message}); start it or set GENERATOR_ADDRESS`,
    );
    return new ServiceError(
      "unavailable",
      message,
      { retryAfterMs: 1000, ...error.details },
      { cause: error },
    );
  }

  #message(problem: string): string {
    return `the generator at ${this.#address} ${problem}`;
  }
}

/** Fields of Open that a refusal names, as a caller of this service knows them: Open's prompt is the problem. */
function inWordsOfSolve(error: ServiceError): ServiceError {
  const { code, message, details } = error;
  if (details.fieldViolations === undefined) return error;
  const renamed = (text: string): string =>
    text.replaceAll(/\bopen\.(prompt|messages)\b/g, "problem").replaceAll(/\bopen\.(?=\w)/g, "");
  const fieldViolations = details.fieldViolations.map(({ field, description }) => ({
    field: renamed(field),
    description: renamed(description),
  }));
  return new ServiceError(code, renamed(message), { ...details, fieldViolations }, { cause: error });
}
