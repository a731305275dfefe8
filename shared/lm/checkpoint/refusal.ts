/** How files of a checkpoint are refused: every message names the file, what must hold and what was got. */
import { type ErrorCode, ServiceError } from "#shared/errors.js";

export interface FieldProblem {
  readonly field: string;
  /** "must be ..." */
  readonly must: string;
  readonly got: unknown;
}

const LONGEST_QUOTE = 80;

/** A value as a message may show it: JSON, cut short. */
export function quote(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE)}...`;
}

/** One error for all wrong fields of a file. At least one problem. */
export function refuseFields(code: ErrorCode, file: string, problems: readonly FieldProblem[]): ServiceError {
  const lines = problems.map(({ field, must, got }) => `${field} ${must}, got ${quote(got)}`);
  return new ServiceError(code, `${file}: ${lines.join("; ")}`, {
    fieldViolations: problems.map(({ field }, i) => ({ field: `${file}:${field}`, description: lines[i]! })),
    reason: code === "failed_precondition" ? "UNSUPPORTED_CHECKPOINT" : "INVALID_CHECKPOINT",
  });
}

/** A file that is broken or missing as a whole. */
export function refuseFile(file: string, problem: string, options?: ErrorOptions): ServiceError {
  return new ServiceError(
    "failed_precondition",
    `${file}: ${problem}`,
    { reason: "INVALID_CHECKPOINT" },
    options,
  );
}
