import { describe, expect, test } from "vitest";
import { toConfig } from "#verifier/config.js";

describe("verifier config", () => {
  test("needs nothing: a verifier without reward models beside a local generator", () => {
    const config = toConfig({});
    expect(config.generator).toEqual({ address: "127.0.0.1:50051" });
    expect(config.listening).toMatchObject({ host: "127.0.0.1", port: 50_052 });
    expect(config.prm).toBeUndefined();
    expect(config.swiftFile).toBeUndefined();
    expect(config.swiftAuditShare).toBe(0);
    expect(Object.isFrozen(config)).toBe(true);
  });

  test("groups what belongs to the PRM, to the generator and to callers", () => {
    const config = toConfig({
      GENERATOR_ADDRESS: "policy:7000",
      GENERATOR_TOKEN: "secret",
      GENERATOR_CA: "ca.pem",
      VERIFIER_PRM: "models/prm",
      VERIFIER_THREADS: "3",
      VERIFIER_PRECISION: "int8",
      VERIFIER_MAX_SEARCHES: "5",
      VERIFIER_MAX_PROBLEM_BYTES: "100",
    });
    expect(config.generator).toEqual({ address: "policy:7000", token: "secret", tls: { caPath: "ca.pem" } });
    expect(config.prm).toMatchObject({ dir: "models/prm", threads: 3, precision: "int8" });
    expect(config.maxSearches).toBe(5);
    expect(toConfig({ VERIFIER_SWIFT: "h", VERIFIER_SWIFT_AUDIT_SHARE: "0.25" }).swiftAuditShare).toBe(0.25);
    expect(config.limits.maxProblemBytes).toBe(100);
  });

  test.each<[Record<string, string>, RegExp]>([
    [{ GENERATOR_ADDRESS: "policy" }, /GENERATOR_ADDRESS must be host:port/],
    [{ GENERATOR_ADDRESS: "policy:99999" }, /GENERATOR_ADDRESS/],
    [{ GENERATOR_CLIENT_CERT: "a.pem" }, /GENERATOR_CLIENT_KEY/],
    [{ VERIFIER_PRM: "p", VERIFIER_PRECISION: "fp8" }, /VERIFIER_PRECISION must be one of/],
    [{ VERIFIER_PRM: "p", VERIFIER_THREADS: "0" }, /VERIFIER_THREADS/],
    [{ VERIFIER_METRICS_PORT: "65536" }, /VERIFIER_METRICS_PORT/],
    [
      { VERIFIER_SWIFT: "h", VERIFIER_SWIFT_AUDIT_SHARE: "1.5" },
      /VERIFIER_SWIFT_AUDIT_SHARE must be a number/,
    ],
    [{ VERIFIER_SWIFT: "h", VERIFIER_SWIFT_AUDIT_SHARE: "often" }, /at least 0 and at most 1, got "often"/],
    [{ VERIFIER_SWIFT_AUDIT_SHARE: "0.1" }, /VERIFIER_SWIFT_AUDIT_SHARE must be 0 without VERIFIER_SWIFT/],
    [{ VERIFIER_MAX_SEARCHES: "-1" }, /VERIFIER_MAX_SEARCHES/],
    [{ VERIFIER_MAX_PROBLEM_BYTES: "999999999" }, /largest message/],
  ])("refuses %j, naming the variable", (env, message) => {
    expect(() => toConfig(env)).toThrow(message);
  });
});
