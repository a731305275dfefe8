/**
 * The file of a calibration: JSON with the SHA-256 of its own contents, so that what was edited, cut or merged is refused
 * rather than planned by. `deliberate calibrate` writes it, the verifier reads it.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ServiceError } from "#shared/errors.js";
import { strategies } from "../../search/strategies.js";
import type { StrategyName } from "../../search/types.js";
import { MAX_CANDIDATES } from "../request.js";
import { CONFIDENCE_FEATURES, DIFFICULTY_FEATURES } from "./features.js";
import type { Calibration } from "./calibration.js";

const FORMAT = "deliberate calibration 2";

const logistic = (features: number) =>
  z.strictObject({
    intercept: z.number(),
    weights: z.array(z.number()).length(features),
    means: z.array(z.number()).length(features),
    deviations: z.array(z.number().positive()).length(features),
  });

const probability = z.number().min(0).max(1);
const count = z.int().min(1).max(MAX_CANDIDATES);
const firstSamples = z.int().min(0).max(MAX_CANDIDATES);

const row = z
  .object({
    strategy: z.enum(Object.keys(strategies) as StrategyName[]),
    beamWidth: count,
    runs: z.array(count).max(16),
    accuracy: probability,
    meanTokens: z.number().nonnegative(),
    problems: z.int().nonnegative(),
  })
  .strict();

const body = z
  .object({
    format: z.literal(FORMAT),
    pair: z
      .object({
        policy: z
          .object({
            model: z.string(),
            modelHash: z.string().min(1),
            precision: z.string(),
            chatTemplateHash: z.string(),
          })
          .strict(),
        verifier: z.object({ name: z.enum(["prm", "swift"]), hash: z.string().min(1) }).strict(),
        temperature: z.number().positive(),
      })
      .strict(),
    solutionTokens: z.number().positive(),
    /** float32, little-endian, base64. */
    promptProbe: z.object({ intercept: z.number(), weights: z.base64() }).strict().optional(),
    difficulty: z
      .array(logistic(DIFFICULTY_FEATURES.length).extend({ samples: firstSamples }))
      .min(1)
      .max(16),
    confidence: z
      .object({
        scored: logistic(CONFIDENCE_FEATURES.scored.length),
        unscored: logistic(CONFIDENCE_FEATURES.unscored.length),
      })
      .strict(),
    bins: z.array(probability).max(16),
    tiers: z
      .array(
        z
          .object({
            tokens: z.number().nonnegative(),
            firstSamples,
            stopAt: probability,
            giveUpBelow: probability,
            rows: z.array(row).min(1),
          })
          .strict(),
      )
      .min(1)
      .max(32),
    rejectBelow: z.number().min(0).lt(1),
    widthCap: count,
    /** How it was measured and how well it did, for people; nothing is planned by it. */
    measured: z.record(z.string(), z.unknown()),
  })
  .strict();

type Body = z.infer<typeof body>;

/** What a fit hands over. `measured` is for people. */
export interface UnsignedCalibration extends Omit<Calibration, "hash"> {
  readonly measured: Readonly<Record<string, unknown>>;
}

/** The file's text. */
export function toCalibrationFile({ promptProbe, ...calibration }: UnsignedCalibration): string {
  const contents = {
    format: FORMAT,
    ...calibration,
    ...(promptProbe && {
      promptProbe: { intercept: promptProbe.intercept, weights: toBase64(promptProbe.weights) },
    }),
  };
  return `${JSON.stringify({ hash: hashOf(contents), ...contents }, undefined, 1)}\n`;
}

/** @throws ServiceError `failed_precondition`, INVALID_CALIBRATION: no file, not one of ours, or changed by hand. */
export async function readCalibration(path: string): Promise<Calibration> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw invalid(path, `must be a file that can be read (${String(error)})`, "check the path");
  }
  return parseCalibration(text, path);
}

/** `name`: what messages call the file. */
export function parseCalibration(text: string, name: string): Calibration {
  const { hash, ...contents } = parseObject(text, name);
  const parsed = body.safeParse(contents);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const field = issue.path.join(".") || "object";
    throw invalid(name, `must be a ${FORMAT}: ${field}: ${issue.message}`, "calibrate again");
  }
  const actual = hashOf(contents);
  if (hash !== actual)
    throw invalid(
      name,
      `must be as it was written, but its contents have the hash ${actual} and it says ${String(hash)}`,
      "restore it or calibrate again",
    );
  return toCalibration(parsed.data, actual, name);
}

function toCalibration({ promptProbe, ...fields }: Body, hash: string, name: string): Calibration {
  const { bins, tiers } = fields;
  const isAscending = (values: readonly number[]): boolean =>
    values.every((value, i) => i === 0 || value > values[i - 1]!);
  if (!isAscending(bins) || !isAscending(tiers.map(({ tokens }) => tokens)))
    throw invalid(name, "must have bins and tiers in ascending order", "calibrate again");
  const odd = tiers.find(({ rows }) => rows.length !== bins.length + 1);
  if (odd !== undefined)
    throw invalid(
      name,
      `must have ${bins.length + 1} rows in each tier, got ${odd.rows.length}`,
      "calibrate again",
    );
  assertUsable(fields, name);
  return {
    ...fields,
    hash,
    promptProbe: promptProbe && {
      intercept: promptProbe.intercept,
      weights: fromBase64(promptProbe.weights),
    },
  };
}

function assertUsable({ tiers, difficulty }: Omit<Body, "promptProbe">, name: string): void {
  for (const { tokens, firstSamples: samples, rows } of tiers) {
    if (difficulty.filter((model) => model.samples === samples).length !== 1)
      throw invalid(
        name,
        `must have one model of difficulty after ${samples} samples, for the tier of ${tokens} tokens`,
        "calibrate again",
      );
    if (samples === 0 && rows.some(({ runs }) => runs.length === 0))
      throw invalid(
        name,
        `must run something in each row without first samples, but the tier of ${tokens} tokens has an empty one`,
        "calibrate again",
      );
  }
}

function parseObject(text: string, name: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw invalid(name, "must be a JSON object", "calibrate again");
}

/** Over the canonical form: keys sorted at every depth, no white space. */
function hashOf(contents: unknown): string {
  return createHash("sha256").update(canonical(contents)).digest("hex");
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(",")}}`;
}

const toBase64 = (weights: Float32Array): string =>
  Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength).toString("base64");

function fromBase64(text: string): Float32Array {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.byteLength / 4));
}

function invalid(name: string, problem: string, remedy: string): ServiceError {
  return new ServiceError("failed_precondition", `${name} ${problem}; ${remedy}`, {
    reason: "INVALID_CALIBRATION",
  });
}
