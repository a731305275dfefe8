/** The services' environment variables, read as the services read them. */
import { access, constants, mkdir } from "node:fs/promises";
import { toConfig as toGeneratorConfig } from "#generator/config.js";
import type { Env } from "#shared/config/env.js";
import type { Listening } from "#shared/config/listening.js";
import { toConfig as toVerifierConfig } from "#verifier/config.js";
import type { Check } from "../events.js";
import { DEFAULT_POLICY } from "../paths.js";
import { check } from "./check.js";

/** GENERATOR_POLICY may be unset here: then the shipped policy is meant, as it is for every command. */
export async function checkEnvironment(env: Env): Promise<Check[]> {
  return [
    await check("generator settings", async () => {
      const { listening, engine } = toGeneratorConfig({ GENERATOR_POLICY: DEFAULT_POLICY, ...env });
      return `${placesOf(listening)}, policy ${engine.checkpointDir}, ${engine.precision}, ${engine.threads} threads`;
    }),
    await check("verifier settings", async () => {
      const { listening, generator, prm } = toVerifierConfig(env);
      const reward =
        prm === undefined ? "no prm" : `prm ${prm.dir}, ${prm.precision}, ${prm.threads} threads`;
      return `${placesOf(listening)}, generator at ${generator.address}, ${reward}`;
    }),
    await checkCache(env),
  ];
}

function placesOf({ host, port, metrics }: Listening): string {
  return `${host}:${port}${metrics === undefined ? "" : `, metrics on port ${metrics.port}`}`;
}

/** Graphs and weights are written there once. */
export function checkCache(env: Env): Promise<Check> {
  return check("cache", async () => {
    const { cacheDir } = toGeneratorConfig({ GENERATOR_POLICY: DEFAULT_POLICY, ...env }).engine;
    await mkdir(cacheDir, { recursive: true });
    await access(cacheDir, constants.W_OK);
    return `${cacheDir} can be written`;
  });
}
