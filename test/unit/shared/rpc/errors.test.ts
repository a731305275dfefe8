import { Metadata, status, type ServiceError as GrpcError } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { ServiceError } from "#shared/errors.js";
import { createLogger } from "#shared/log.js";
import { fromStatus, toStatus } from "#shared/rpc/errors.js";
import { decodeDetails, encodeDetails } from "#shared/rpc/status-details.js";

const log = createLogger("test", "silent");
const grpcError = (code: status, metadata: Metadata): GrpcError =>
  Object.assign(new Error("5 NOT_FOUND: gone"), { code, details: "gone", metadata });

describe("what a handler throws", () => {
  test.each<[string, unknown, status]>([
    ["an abort is CANCELLED", new DOMException("x", "AbortError"), status.CANCELLED],
    ["a timeout is DEADLINE_EXCEEDED", new DOMException("x", "TimeoutError"), status.DEADLINE_EXCEEDED],
    ["a bug is INTERNAL", new TypeError("x is undefined"), status.INTERNAL],
    ["an internal error is INTERNAL", new ServiceError("internal", "secret"), status.INTERNAL],
    ["nothing at all is INTERNAL", undefined, status.INTERNAL],
    ["a ServiceError keeps its code", new ServiceError("unavailable", "later"), status.UNAVAILABLE],
  ])("%s", (_title, thrown, code) => {
    const result = toStatus(thrown, log);
    expect(result.code).toBe(code);
    expect(result.details).not.toMatch(/secret|undefined/);
  });
});

describe("error details", () => {
  test("are absent when there is nothing to say", () => {
    expect(encodeDetails(3, "m", {})).toBeUndefined();
    expect(toStatus(new ServiceError("not_found", "m"), log).metadata.getMap()).toEqual({});
  });

  test("fit in a trailer, however long the lists and texts are", () => {
    const fieldViolations = Array.from({ length: 1000 }, () => ({
      field: "f",
      description: "d".repeat(1e5),
    }));
    expect(encodeDetails(3, "m", { fieldViolations })!.byteLength).toBeLessThan(8192);
  });

  test("that do not parse, or are of others, are no details", () => {
    expect(decodeDetails(Buffer.from("not a status"))).toEqual({});
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from([0xff, 0xff]));
    expect(fromStatus(grpcError(status.NOT_FOUND, metadata))).toMatchObject({
      code: "not_found",
      message: "gone",
      details: {},
    });
  });

  test("statuses that this product never sends read as internal", () => {
    expect(fromStatus(grpcError(status.DATA_LOSS, new Metadata()))).toMatchObject({ code: "internal" });
  });
});
