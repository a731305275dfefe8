import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";
import { packageRoot } from "./package-root.js";

/** Compiled by buf (`npm run gen`): the contract, the error details, which clients can then print, and health. */
const compiled = ["contract.binpb", "error-details.binpb", "health.binpb"];

/**
 * Server reflection v1 and v1alpha. The descriptors that proto-loader derives lack imports, proto field names and
 * optional fields, so that grpcurl and others cannot use them.
 */
export function addReflection(server: Server, services: readonly string[]): void {
  const sets = compiled.map((file) => readFileSync(join(packageRoot, "shared/rpc/gen", file)));
  // The library looks at nothing but the file descriptors, whatever kind of definition they come with.
  const definition = {
    format: "Protocol Buffer 3 EnumDescriptorProto" as const,
    type: {},
    fileDescriptorProtos: sets.flatMap(filesOf),
  };
  const named = [...services, "grpc.health.v1.Health"];
  new ReflectionService({ compiled: definition }, { services: named }).addToServer(server);
}

/** The encoded FileDescriptorProtos in a FileDescriptorSet, whose field 1 they are. */
function filesOf(set: Uint8Array): Buffer[] {
  const files: Buffer[] = [];
  const reader = protobuf.Reader.create(set);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1) files.push(Buffer.from(reader.bytes()));
    else reader.skipType(tag & 7);
  }
  return files;
}
