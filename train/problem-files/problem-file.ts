/**
 * Problems with answers from a file, one JSON object a line: `{"id","problem","answer","level"?}`, or GSM8K's
 * `{"question","answer":"... #### N"}`, whose lines are named by their numbers. Empty lines are skipped. Everything wrong
 * with a line is said with its number; nothing is left out silently.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { ServiceError } from "#shared/errors.js";
import { canonicalAnswer } from "#verifier/answer/canonical.js";
import { extractAnswer } from "#verifier/answer/extract.js";

export interface FileProblem {
  /** Unique in its file. */
  readonly id: string;
  readonly problem: string;
  /** As it was written, without the reasoning before it. */
  readonly answer: string;
  /** How hard it is, when the file says so. */
  readonly level?: number;
}

const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_PROBLEMS = 100_000;
/** What the verifier takes as a problem by default. */
const MAX_PROBLEM_BYTES = 64 * 1024;
const MAX_ID_CHARS = 200;

const text = z.string().refine((value) => value.trim() !== "", "must not be empty");
const answerField = z.union([text, z.number().transform(String)]);
const ownLine = z.object({
  id: z.union([text.max(MAX_ID_CHARS), z.int().transform(String)]),
  problem: text,
  answer: answerField,
  level: z.number().optional(),
});
const gsm8kLine = z.object({ question: text, answer: answerField });

/** @throws ServiceError `invalid_argument`: no file, too large, no problems, or a line that cannot be used. */
export async function readProblemFile(path: string): Promise<FileProblem[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw refused(path, "must be a file that can be read: check the path");
  if (found.size > MAX_FILE_BYTES)
    throw refused(path, `must have at most ${MAX_FILE_BYTES} bytes, got ${found.size}: cut it into several`);
  return parseProblems(await readFile(path, "utf8"), path);
}

/** `name` is what messages call the file. */
export function parseProblems(content: string, name: string): FileProblem[] {
  const problems: FileProblem[] = [];
  const lines = new Map<string, number>();
  for (const [index, line] of content.split("\n").entries()) {
    if (line.trim() === "") continue;
    const at = `${name}, line ${index + 1},`;
    const problem = parseLine(line, index + 1, at);
    const earlier = lines.get(problem.id);
    if (earlier !== undefined)
      throw refused(at, `must have an id of its own, got "${problem.id}" as line ${earlier} has`);
    lines.set(problem.id, index + 1);
    problems.push(problem);
    if (problems.length > MAX_PROBLEMS)
      throw refused(name, `must have at most ${MAX_PROBLEMS} problems: cut it into several`);
  }
  if (problems.length === 0) throw refused(name, "must hold at least one problem, got none");
  return problems;
}

function parseLine(line: string, number: number, at: string): FileProblem {
  const value = parseJson(line, at);
  const isGsm8k = typeof value === "object" && value !== null && "question" in value && !("problem" in value);
  const parsed = isGsm8k ? gsm8kLine.safeParse(value) : ownLine.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw refused(at, `must have a valid ${issue.path.join(".") || "object"}: ${issue.message}`);
  }
  const fields = parsed.data;
  const problem = "question" in fields ? fields.question : fields.problem;
  const bytes = Buffer.byteLength(problem);
  if (bytes > MAX_PROBLEM_BYTES)
    throw refused(at, `must have a problem of at most ${MAX_PROBLEM_BYTES} bytes, got ${bytes}`);
  const level = "level" in fields ? fields.level : undefined;
  return {
    id: "id" in fields ? fields.id : `line-${number}`,
    problem,
    answer: finalAnswer(fields.answer, at),
    ...(level !== undefined && { level }),
  };
}

function parseJson(line: string, at: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw refused(at, `must be a JSON object, got ${JSON.stringify(line.slice(0, 60))}`);
  }
}

/** The answer itself, of a text that may end in one (`... #### 12`). */
function finalAnswer(written: string, at: string): string {
  const found = extractAnswer(written);
  const answer = found === undefined || found.isFallback ? written.trim() : found.text;
  if (canonicalAnswer(answer) === "")
    throw refused(
      at,
      `must have an answer that can be compared, got ${JSON.stringify(written.slice(0, 60))}`,
    );
  return answer;
}

/** SHA-256 over everything that a result depends on, hex. */
export function hashProblems(problems: readonly FileProblem[]): string {
  const hash = createHash("sha256");
  for (const { id, problem, answer, level } of problems)
    hash.update(`${JSON.stringify([id, problem, answer, level ?? null])}\n`);
  return hash.digest("hex");
}

function refused(subject: string, problem: string): ServiceError {
  return new ServiceError("invalid_argument", `${subject} ${problem}`, { reason: "INVALID_PROBLEM_FILE" });
}
