/**
 * `features-*.jsonl`: what is where in the file of numbers beside it. The first line says what the numbers are, each
 * further one is a problem, written when its numbers are on the disk. What no line names was not finished.
 */
import { z } from "zod";
import { ServiceError } from "#shared/errors.js";
import { type JsonLines, openJsonLines } from "../files.js";

/** What the numbers are of: features of other models, or of another kind, are never mixed with them. */
export interface FeatureIdentity {
  readonly features: "hidden" | "logits";
  /** Numbers per token. */
  readonly width: number;
  readonly modelHash: string;
  readonly precision: string;
}

export interface StoredSolution {
  /** Its place among the problem's solutions. */
  readonly index: number;
  readonly tokens: number;
}

export interface StoredProblem {
  readonly id: string;
  /** Of its first number, in bytes; its solutions follow each other. */
  readonly offset: number;
  readonly solutions: readonly StoredSolution[];
}

export interface FeatureIndex {
  readonly problems: Map<string, StoredProblem>;
  readonly file: JsonLines;
  /** Bytes of numbers that lines name. */
  readonly end: number;
}

const FORMAT = "deliberate.features.1";
const headerShape = z.object({
  format: z.literal(FORMAT),
  features: z.enum(["hidden", "logits"]),
  width: z.int().min(1),
  model_hash: z.string(),
  precision: z.string(),
});
const lineShape = z.object({
  id: z.string(),
  offset: z.int().min(0),
  solutions: z.array(z.object({ index: z.int().min(0), tokens: z.int().min(1) })),
});

export const bytesOf = ({ solutions }: Pick<StoredProblem, "solutions">, width: number): number =>
  solutions.reduce((sum, { tokens }) => sum + tokens, 0) * width * Uint16Array.BYTES_PER_ELEMENT;

/** @throws ServiceError `failed_precondition`: the file is of other features, or is none of ours. */
export async function openFeatureIndex(path: string, identity: FeatureIdentity): Promise<FeatureIndex> {
  const { lines, file } = await openJsonLines(path);
  try {
    const header: z.infer<typeof headerShape> = {
      format: FORMAT,
      features: identity.features,
      width: identity.width,
      model_hash: identity.modelHash,
      precision: identity.precision,
    };
    if (lines.length === 0) await file.append(header);
    else assertHeader(path, lines[0], header);
    const problems = new Map(lines.slice(1).map((line) => parseLine(path, line)));
    const ends = [...problems.values()].map((each) => each.offset + bytesOf(each, identity.width));
    return { problems, file, end: Math.max(0, ...ends) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function assertHeader(path: string, line: unknown, wanted: z.infer<typeof headerShape>): void {
  const parsed = headerShape.safeParse(line);
  if (!parsed.success) throw refused(path, "must begin with what its features are, but does not");
  for (const name of ["features", "width", "model_hash", "precision"] as const)
    if (parsed.data[name] !== wanted[name])
      throw refused(path, `must have the ${name} ${wanted[name]}, got ${parsed.data[name]}`);
}

function parseLine(path: string, line: unknown): [string, StoredProblem] {
  const parsed = lineShape.safeParse(line);
  if (!parsed.success) throw refused(path, "must hold a problem a line, but one is none");
  return [parsed.data.id, parsed.data];
}

function refused(path: string, problem: string): ServiceError {
  return new ServiceError("failed_precondition", `${path} ${problem}: delete its directory and begin again`, {
    reason: "OTHER_FEATURES",
  });
}
