/** Flags of every command that needs a service: which one runs, or what to start in place. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { BadInputError } from "../exit.js";
import { integerBetween } from "../parse/numbers.js";
import { PRECISION_CHOICES } from "#shared/lm/types.js";
import { parseTarget } from "../parse/words.js";
import { CALIBRATION_NAME, calibrationBeside, DEFAULT_POLICY, DEFAULT_PRM, swiftBeside } from "../paths.js";

export interface ModelFlags {
  readonly policy?: string;
  readonly prm?: string;
  readonly swift?: string;
  readonly calibration?: string;
  readonly precision?: string;
  readonly threads?: number;
}

/** What a pair is started with; paths are absolute and exist. */
export interface ModelChoice {
  readonly policy: string;
  /** Undefined when nothing needs one. */
  readonly prm: string | undefined;
  /** Undefined when the policy has no head. */
  readonly swift: string | undefined;
  /** Undefined when the pair has none. */
  readonly calibration: string | undefined;
  readonly precision: string | undefined;
  readonly threads: number | undefined;
}

/**
 * Adds `--policy`, `--precision` and `--threads`, with `verifier` also `--prm` and `--swift`, and with `calibration`, which
 * goes with a verifier unless it is turned off, `--calibration`.
 */
export function addModelOptions(
  command: Command,
  { verifier, calibration = verifier }: { readonly verifier: boolean; readonly calibration?: boolean },
): Command {
  command.option(
    "--policy <path>",
    "policy model, a Hugging Face directory or a GGUF file (default: the shipped one)",
  );
  if (verifier) {
    command.option("--prm <dir>", "process reward model (default: the shipped one)");
    command.option(
      "--swift <file>",
      "SWIFT head (default: swift.safetensors beside the policy, if it is there)",
    );
  }
  if (calibration)
    command.option(
      "--calibration <file>",
      `what auto plans by, or "none" (default: ${CALIBRATION_NAME} beside the policy, with the shipped PRM)`,
    );
  return command
    .addOption(
      new Option(
        "--precision <name>",
        verifier
          ? "weights of both models; auto is the fastest"
          : "weights of the policy; auto is the fastest",
      ).choices(PRECISION_CHOICES),
    )
    .option("--threads <count>", "threads of each model", integerBetween(1, 256));
}

export function addTargetOption(command: Command, service: "generator" | "verifier"): Command {
  return command.option(
    "--target <host:port>",
    `use a running ${service} instead of starting one`,
    parseTarget,
  );
}

/** Model flags say what to start, so they mean nothing beside a running service: an error, not silence. */
export function refuseModelsWithTarget(target: string | undefined, flags: ModelFlags): void {
  if (target === undefined) return;
  const given = (["policy", "prm", "swift", "calibration", "precision", "threads"] as const).filter(
    (name) => flags[name] !== undefined,
  );
  if (given.length > 0)
    throw new BadInputError(
      `--target uses the models of the running service, got --${given.join(" and --")} as well: leave out one or the other.`,
    );
}

/** The others leave it alone. */
const USES_PRM: ReadonlySet<string> = new Set(["prm", "rank", "scaled"]);

/**
 * Checks what is cheap to check before a process is started. With `verifier` swift or none the shipped PRM is left out,
 * since it would be loaded for nothing.
 */
export function chooseModels(flags: ModelFlags & { readonly verifier?: string }): ModelChoice {
  const { policy, precision, threads } = choosePolicy(flags);
  const needsPrm = flags.prm !== undefined || flags.verifier === undefined || USES_PRM.has(flags.verifier);
  return {
    policy,
    prm: needsPrm ? checkpoint("--prm", flags.prm, DEFAULT_PRM) : undefined,
    swift: chooseSwift(flags.swift, policy),
    calibration: chooseCalibration(flags, policy),
    precision,
    threads,
  };
}

/** The policy alone, for commands that score nothing. */
export function choosePolicy(flags: ModelFlags): Omit<ModelChoice, "prm" | "swift" | "calibration"> {
  return {
    policy: checkpoint("--policy", flags.policy, DEFAULT_POLICY),
    precision: flags.precision,
    threads: flags.threads,
  };
}

function checkpoint(flag: "--policy" | "--prm", given: string | undefined, shipped: string): string {
  const path = resolve(given ?? shipped);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true && holdsModel(path)) return path;
  // A PRM is more than weights: its head and its settings lie beside them.
  if (found?.isFile() === true && path.endsWith(".gguf") && flag === "--policy") return path;
  const what = found === undefined ? "does not exist" : "has no config.json";
  const remedy = given === undefined ? `name one with ${flag} DIR` : "check the path";
  const must =
    flag === "--policy" ? "a Hugging Face model directory or a .gguf file" : "a Hugging Face model directory";
  throw new BadInputError(`${flag} must be ${must}; ${path} ${what}: ${remedy}.`);
}

function holdsModel(directory: string): boolean {
  return (
    existsSync(join(directory, "config.json")) ||
    readdirSync(directory).some((name) => name.endsWith(".gguf"))
  );
}

function chooseSwift(given: string | undefined, policy: string): string | undefined {
  if (given === undefined) return existsSync(swiftBeside(policy)) ? swiftBeside(policy) : undefined;
  const path = resolve(given);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return path;
  throw new BadInputError(`--swift must be a file with a SWIFT head, ${path} is not one: check the path.`);
}

/** One beside the policy was measured with the shipped PRM and at the default precision, and is for these alone. */
function chooseCalibration(
  { calibration: given, prm, precision }: ModelFlags,
  policy: string,
): string | undefined {
  if (given === "none") return undefined;
  if (given === undefined) {
    const isDefaultPair = prm === undefined && precision === undefined;
    return isDefaultPair && existsSync(calibrationBeside(policy)) ? calibrationBeside(policy) : undefined;
  }
  const path = resolve(given);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return path;
  throw new BadInputError(
    `--calibration must be a file that "deliberate calibrate" wrote, ${path} is not one: check the path.`,
  );
}
