/**
 * The contract as grpc-js needs it: loaded once from `proto/`, typed by what proto-loader-gen-types wrote to `gen/` with
 * the same settings (`npm run gen`). Field names are camelCase here and snake_case in proto. The loader checks nothing:
 * misspelt fields vanish, text in a number becomes NaN, unknown enum values stay numbers. Requests are checked in rpc/.
 */
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { service as healthDefinition } from "grpc-health-check";
import { join } from "node:path";
import type {
  GeneratorServiceDefinition,
  GeneratorServiceHandlers,
} from "./gen/deliberate/v1/GeneratorService.js";
import type {
  VerifierServiceDefinition,
  VerifierServiceHandlers,
} from "./gen/deliberate/v1/VerifierService.js";
import type { HealthDefinition, HealthHandlers } from "./health-types.js";
import { packageRoot } from "./package-root.js";

/** Every message and service of deliberate.v1. 64-bit integers are numbers: ids and counts here are below 2^53. */
const packageDefinition = loadSync(
  ["common", "generator", "verifier"].map((file) => `deliberate/v1/${file}.proto`),
  {
    includeDirs: [join(packageRoot, "proto")],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
    arrays: true,
  },
);

/** A service to serve or to call; the type parameters are the generated Definition and Handlers. */
export interface Service<Definition, Handlers> {
  /** Full name, such as deliberate.v1.GeneratorService. */
  readonly name: string;
  readonly methods: Readonly<Record<string, MethodDefinition<unknown, unknown>>>;
  /** Never set; carries the types. */
  readonly types?: { readonly definition: Definition; readonly handlers: Handlers };
}

export type AnyMethod = MethodDefinition<unknown, unknown>;

export const generatorService = service<GeneratorServiceDefinition, GeneratorServiceHandlers>(
  "deliberate.v1.GeneratorService",
  packageDefinition["deliberate.v1.GeneratorService"] as ServiceDefinition,
);

export const verifierService = service<VerifierServiceDefinition, VerifierServiceHandlers>(
  "deliberate.v1.VerifierService",
  packageDefinition["deliberate.v1.VerifierService"] as ServiceDefinition,
);

/** grpc.health.v1.Health, to ask a server how it is. */
export const healthService = service<HealthDefinition, HealthHandlers>(
  "grpc.health.v1.Health",
  healthDefinition,
);

function service<Definition, Handlers>(
  name: string,
  definition: ServiceDefinition,
): Service<Definition, Handlers> {
  return { name, methods: definition };
}
