import { describe, expect, test } from "vitest";
import { toConfig } from "#generator/config.js";

const needed = { GENERATOR_POLICY: "/models/policy" };

describe("the generator's config", () => {
  test.each([
    [{}, "GENERATOR_POLICY must be set: the Hugging Face directory of the policy model"],
    [
      { ...needed, GENERATOR_PRECISION: "fp16" },
      'GENERATOR_PRECISION must be one of auto, fp32, int8, int4, got "fp16"',
    ],
    [
      { ...needed, GENERATOR_THREADS: "0" },
      'GENERATOR_THREADS must be an integer of at least 1 and at most 256, got "0"',
    ],
    [
      { ...needed, GENERATOR_PORT: "65536" },
      'GENERATOR_PORT must be an integer of at least 0 and at most 65535, got "65536"',
    ],
    [
      { ...needed, GENERATOR_PREFIX_CACHE_BYTES: "-1" },
      'GENERATOR_PREFIX_CACHE_BYTES must be an integer of at least 0, got "-1"',
    ],
    [
      { ...needed, GENERATOR_MAX_KV_BYTES: "2GB" },
      'GENERATOR_MAX_KV_BYTES must be an integer of at least 1, got "2GB"',
    ],
    [
      { ...needed, GENERATOR_TLS_CERT: "c.pem" },
      "GENERATOR_TLS_CERT and GENERATOR_TLS_KEY must be set together, each to a PEM file",
    ],
    [
      { ...needed, GENERATOR_LOG_LEVEL: "loud" },
      'GENERATOR_LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, got "loud"',
    ],
    [
      { ...needed, GENERATOR_METRICS_PORT: "on" },
      'GENERATOR_METRICS_PORT must be an integer of at least 0 and at most 65535, got "on"',
    ],
    [
      { ...needed, GENERATOR_METRICS_PORT: "50051" },
      "GENERATOR_METRICS_PORT must differ from GENERATOR_PORT, got 50051 for both",
    ],
    [
      { ...needed, GENERATOR_MAX_PROMPT_BYTES: "99999999" },
      "GENERATOR_MAX_PROMPT_BYTES must be at most 16777216, the largest message taken, got 99999999",
    ],
  ])("refuses %o", (env, message) => {
    expect(() => toConfig(env)).toThrow(expect.objectContaining({ code: "invalid_argument", message }));
  });

  test("needs the policy alone, and listens on loopback without a token", () => {
    const config = toConfig(needed);
    expect(config.engine).toMatchObject({ checkpointDir: "/models/policy", precision: "auto" });
    expect(config.listening).toEqual({
      host: "127.0.0.1",
      port: 50_051,
      defaultDeadlineMs: 600_000,
      graceMs: 5000,
      logLevel: "info",
    });
    expect(Object.isFrozen(config.engine.limits)).toBe(true);
  });

  test("answers metrics at the host it listens on, when it has a port for them", () => {
    const env = { GENERATOR_HOST: "::1", GENERATOR_PORT: "0", GENERATOR_METRICS_PORT: "0" };
    const { metrics } = toConfig({ ...needed, ...env }).listening;
    expect(metrics).toEqual({ host: "::1", port: 0, variable: "GENERATOR_METRICS_PORT" });
  });

  test("takes what is set", () => {
    const tls = { GENERATOR_TLS_CERT: "c", GENERATOR_TLS_KEY: "k", GENERATOR_TLS_CLIENT_CA: "a" };
    const config = toConfig({ ...needed, ...tls, GENERATOR_TOKEN: "t", GENERATOR_MAX_SESSIONS: "3" });
    expect(config.listening).toMatchObject({
      token: "t",
      tls: { certPath: "c", keyPath: "k", clientCaPath: "a" },
    });
    expect(config.engine.limits.maxSessions).toBe(3);
  });
});
