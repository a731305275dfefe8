/** What is measured: the models behind a verifier, and everything that a solve depends on besides its arm. */
import { type FileProblem, hashProblems } from "#train/problem-files/problem-file.js";
import type { RunSettings } from "#train/work-dir.js";
import { fromWord } from "../client/words.js";
import type { SamplingFlags } from "../options/sampling.js";
import type { VerifierClient } from "../services/use.js";
import type { BenchFlags } from "./flags.js";
import type { SearchSettings } from "./solver.js";

export interface Subject {
  readonly policy: string;
  readonly verifier: string;
  /** Hash; empty: none. */
  readonly calibration: string;
  readonly search: SearchSettings;
  readonly settings: RunSettings;
}

/** What a measurement asks of the services; where they are is settled by then. */
export type SubjectFlags = SamplingFlags &
  Pick<BenchFlags, "verifier" | "maxTokens" | "precision" | "threads" | "seed">;

export async function subjectOf(
  client: VerifierClient,
  flags: SubjectFlags,
  problems: readonly FileProblem[],
  signal: AbortSignal,
): Promise<Subject> {
  const info = await client.getVerifierInfo({}, { signal });
  const { verifier, maxTokens, precision = "auto", threads = null, seed } = flags;
  const usesPrm = ["prm", "rank", "scaled"].includes(verifier);
  const usesSwift = ["swift", "rank", "scaled"].includes(verifier);
  const search = {
    verifier,
    ...samplingOf(flags),
    // All arms at the same one, also where a SWIFT head asks for it in those that it scores.
    temperature: flags.temperature ?? (await plannedTemperature(client, flags, problems[0]!, signal)),
    ...(maxTokens !== undefined && { maxTokens }),
  };
  const models = [usesPrm && info.prmModel, usesSwift && info.swiftHead].filter(Boolean).join(" and ");
  return {
    policy: info.policyModel,
    verifier: models === "" ? "none" : `${verifier}: ${models}`,
    calibration: info.calibrationHash,
    search,
    settings: {
      format: 1,
      problems: hashProblems(problems),
      policy: info.policyHash,
      prm: usesPrm ? info.prmHash : null,
      swift: usesSwift ? info.swiftHead : null,
      calibration: info.calibrationHash,
      precision,
      threads,
      seed,
      ...search,
    },
  };
}

function samplingOf({ topK, topP, minP, repetitionPenalty, stop }: SamplingFlags): SamplingFlags {
  return {
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
    ...(minP !== undefined && { minP }),
    ...(repetitionPenalty !== undefined && { repetitionPenalty }),
    ...(stop !== undefined && { stop }),
  };
}

async function plannedTemperature(
  client: VerifierClient,
  { verifier }: SubjectFlags,
  { problem }: FileProblem,
  signal: AbortSignal,
): Promise<number> {
  const request = { problem, verifier: fromWord("verifier", verifier) as never };
  return (await client.plan(request, { signal })).temperature;
}
