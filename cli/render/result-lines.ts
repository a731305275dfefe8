/** The end of a solve: the answer and whether it is right, the votes, the cost, and a warning when there is one. */
import type { AuditShape, SolvedEvent, UsageShape, VoteShape } from "../events.js";
import type { Style } from "../terminal/style.js";
import { displayWidth, padEnd, padStart, toPlainLine, truncate, wrap } from "../terminal/text.js";
import { bar, compactNumber, duration, percent } from "./format.js";
import { LABEL_COLUMNS, labelled } from "./plan-lines.js";

/** Whether the answer agrees with a known one. */
export interface Grade {
  readonly correct: boolean;
  readonly expected: string;
}

const MAX_VOTE_LINES = 5;

export function resultLines(solved: SolvedEvent, width: number, style: Style, grade?: Grade): string[] {
  const lines = [answerLine(solved, style, grade), ...voteLines(solved.votes, width, style)];
  const [tokens, compute] = describeUsage(solved.usage);
  lines.push(...labelled("cost", tokens, width, style), ...labelled("", compute, width, style));
  const end = describeEnd(solved);
  if (end !== undefined) lines.push(...labelled("end", end, width, style));
  if (solved.audit !== null) lines.push(...labelled("audit", describeAudit(solved.audit), width, style));
  if (solved.warning !== "") lines.push(...warningLines(solved.warning, width, style));
  return lines;
}

function answerLine(solved: SolvedEvent, style: Style, grade?: Grade): string {
  const label = style("answer".padEnd(LABEL_COLUMNS), "dim");
  if (solved.answer === "") return `${label}${style("none", "bold", "red")}  ${noAnswerReason(solved)}`;
  const parts = [style(truncate(toPlainLine(solved.answer), 40), "bold")];
  if (grade?.correct === true) parts.push(style("✓ right", "green"));
  if (grade?.correct === false) parts.push(style(`✗ wrong, it is ${toPlainLine(grade.expected)}`, "red"));
  parts.push(style(`confidence ${percent(solved.confidence)}`, solved.warning === "" ? "dim" : "yellow"));
  return label + parts.join("  ");
}

function noAnswerReason({ stop_reason, candidates }: SolvedEvent): string {
  const found = candidates.length === 0 ? "no candidate finished" : "no candidate stated an answer";
  return ["budget", "deadline", "depth"].includes(stop_reason)
    ? `${found} before the ${stop_reason} ended`
    : found;
}

/** Only where the search ended otherwise than by itself. */
function describeEnd({ stop_reason, exhausted }: SolvedEvent): string | undefined {
  // Older verifiers do not tell what of it.
  const what = exhausted === "unspecified" ? "the budget" : `the budget of ${exhausted.replace("_", " ")}`;
  if (stop_reason === "budget") return `${what} is spent`;
  if (stop_reason === "deadline") return "time is up";
  return stop_reason === "gave_up" ? "gave up: more compute is not expected to help" : undefined;
}

function voteLines(votes: readonly VoteShape[], width: number, style: Style): string[] {
  if (votes.every((vote) => vote.answer === "")) return [];
  const shown = votes.slice(0, MAX_VOTE_LINES);
  const names = shown.map((vote) => truncate(toPlainLine(vote.answer) || "(none)", 16));
  const nameColumns = Math.max(...names.map(displayWidth));
  const barColumns = Math.min(30, width - LABEL_COLUMNS - nameColumns - 16);
  const lines = shown.map((vote, i) => {
    const strip = padEnd(bar(vote.share, barColumns), barColumns);
    const label = style((i === 0 ? "votes" : "").padEnd(LABEL_COLUMNS), "dim");
    const count = style(`×${vote.count}`, "dim");
    return `${label}${padStart(names[i]!, nameColumns)} ${style(strip, i === 0 ? "cyan" : "dim")} ${padStart(percent(vote.share), 4)} ${count}`;
  });
  const rest = votes.slice(MAX_VOTE_LINES);
  if (rest.length > 0) {
    const share = rest.reduce((sum, vote) => sum + vote.share, 0);
    lines.push(" ".repeat(LABEL_COLUMNS) + style(`and ${rest.length} more with ${percent(share)}`, "dim"));
  }
  return lines;
}

/** `512 tokens: 300 kept, 150 pruned, 62 cancelled` and `480 verifier tokens, 2.4 GFLOP, 1.8 s`. */
export function describeUsage(usage: UsageShape): [tokens: string, compute: string] {
  const fates = [`${compactNumber(usage.kept_tokens)} kept`];
  if (usage.pruned_tokens > 0) fates.push(`${compactNumber(usage.pruned_tokens)} pruned`);
  if (usage.cancelled_tokens > 0) fates.push(`${compactNumber(usage.cancelled_tokens)} cancelled`);
  const compute = [flops(usage.flops), duration(usage.wall_ms)];
  if (usage.verifier_tokens > 0) compute.unshift(`${compactNumber(usage.verifier_tokens)} verifier tokens`);
  return [`${compactNumber(usage.generated_tokens)} tokens: ${fates.join(", ")}`, compute.join(", ")];
}

/** `48 rewards computed twice: all agree` or `3 of 48 rewards differ, by up to 0.012`. */
function describeAudit({ steps_audited, mismatches, max_difference }: AuditShape): string {
  return mismatches === 0
    ? `${steps_audited} SWIFT rewards computed twice: all agree`
    : `${mismatches} of ${steps_audited} SWIFT rewards differ from the second computation, by up to ${max_difference.toPrecision(2)}`;
}

/** `2.4 GFLOP`. */
export function flops(value: number): string {
  return `${compactNumber(value).replace(/(\D?)$/, (unit) => ` ${unit.trim()}`)}FLOP`;
}

function warningLines(warning: string, width: number, style: Style): string[] {
  const text = wrap(toPlainLine(warning), width - LABEL_COLUMNS);
  return text.map((line, i) => style((i === 0 ? "careful" : "").padEnd(LABEL_COLUMNS) + line, "yellow"));
}
