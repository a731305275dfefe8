/** `train swift` from its flags: opens the policy, says what cannot be before any work is done, and trains. */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { GeneratorInfo } from "#generator/engine/types.js";
import { invalidField } from "#shared/errors.js";
import type { PrecisionChoice } from "#shared/lm/types.js";
import { CACHE_DIR, openEngine } from "#train/open-models.js";
import { type FileProblem, readProblemFile } from "#train/problem-files/problem-file.js";
import type { SwiftSampling } from "#verifier/score/swift/head-file.js";
import type { SwiftInput, SwiftSpan } from "#verifier/score/swift/head.js";
import { readFinalNorm } from "./final-norm.js";
import { type SwiftProgress, type SwiftResult, trainSwift } from "./main.js";
import { swiftSampling } from "./rollouts.js";
import type { SwiftTrainOptions } from "./train-head.js";
import { trainingProblems } from "./training-problems.js";

export { SPANS } from "#verifier/score/swift/head.js";

export interface SwiftRunOptions {
  /** A Hugging Face directory or a GGUF file. */
  readonly policy: string;
  readonly precision: PrecisionChoice;
  readonly threads: number;
  /** A file, or how many of the shipped generator. */
  readonly problems: string | number;
  /** Solutions per problem. */
  readonly rollouts: number;
  readonly maxTokens: number;
  /** Unset knobs are search's and the model's. */
  readonly sampling: Partial<SwiftSampling>;
  readonly input: SwiftInput["kind"];
  /** Unset: all. */
  readonly layers?: readonly number[];
  readonly finalNorm: boolean;
  readonly scalars: boolean;
  readonly span: SwiftSpan;
  readonly head: Omit<SwiftTrainOptions, "seed">;
  readonly seed: number;
  /** Directory of rollouts and features. */
  readonly work: string;
  readonly out: string;
  readonly command: string;
  readonly onProgress: (progress: SwiftProgress) => void;
}

/** @throws ServiceError `invalid_argument`: options that do not go with each other or the model; what `trainSwift` throws. */
export async function runTrainSwift(options: SwiftRunOptions, signal: AbortSignal): Promise<SwiftResult> {
  const { policy, seed, work: directory, out, command, onProgress } = options;
  const problems = await problemsOf(options);
  await assertWritable(out);
  const engine = await openEngine(policy, options.threads, options.precision);
  try {
    const input = inputOf(options, engine.info);
    const needsNorm = input.kind === "hidden" && input.finalNorm;
    const finalNorm = needsNorm ? await readFinalNorm(policy, CACHE_DIR, signal) : undefined;
    const { rollouts, maxTokens, scalars, span, head } = options;
    const sampling = swiftSampling(engine.info.defaultSampling, options.sampling);
    return await trainSwift(
      engine,
      {
        problems,
        rollouts: { rollouts, maxTokens, sampling, seed },
        head: { ...head, seed },
        reads: { input, scalars, span },
        ...(finalNorm !== undefined && { finalNorm }),
        directory,
        out,
        command,
        onProgress,
      },
      signal,
    );
  } finally {
    await engine.dispose();
  }
}

async function problemsOf({ problems, seed }: SwiftRunOptions): Promise<FileProblem[]> {
  if (typeof problems === "string") return readProblemFile(problems);
  return trainingProblems(problems, seed).map(({ id, problem, answer, level }) => ({
    id,
    problem,
    answer,
    level,
  }));
}

/** Hours of work must not end at a directory that is not there. */
async function assertWritable(out: string): Promise<void> {
  await mkdir(dirname(out), { recursive: true });
  const found = await stat(out).catch(() => undefined);
  if (found?.isDirectory() === true)
    throw invalidField("--out", `must be a file for the head, ${out} is a directory: name a file in it`);
}

function inputOf({ input, layers, finalNorm }: SwiftRunOptions, info: GeneratorInfo): SwiftInput {
  if (input === "logits") {
    if (layers !== undefined || finalNorm)
      throw invalidField(
        "--input",
        "logits has no layers and no final norm: leave out --layers and --final-norm",
      );
    return { kind: "logits" };
  }
  const count = info.hiddenStateCount;
  const outside = layers?.find((layer) => layer >= count);
  if (outside !== undefined)
    throw invalidField("--layers", `must be in [0, ${count}) for ${info.model}, got ${outside}`);
  return { kind: "hidden", layers: layers ?? Array.from({ length: count }, (_, i) => i), finalNorm };
}
