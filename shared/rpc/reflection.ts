import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";
import { packageRoot } from "./package-root.js";

/**
 * Server reflection v1 and v1alpha, from the descriptors that buf compiled (`npm run gen`). The ones proto-loader
 * derives lack imports, proto field names and optional fields, so grpcurl and others cannot use them.
 */
export function addReflection(server: Server, services: readonly string[]): void {
  const compiled = readFileSync(join(packageRoot, "shared/rpc/gen/descriptors.binpb"));
  // The library looks at nothing but the file descriptors, whatever kind of definition they come with.
  const definition = {
    format: "Protocol Buffer 3 EnumDescriptorProto" as const,
    type: {},
    fileDescriptorProtos: filesOf(compiled),
  };
  new ReflectionService({ deliberate: definition }, { services: [...services] }).addToServer(server);
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
