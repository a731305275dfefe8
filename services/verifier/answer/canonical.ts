/**
 * One text per answer, so that votes and grading compare texts. Numbers become exact: `1,234.50`, `$1234.5`, `2469/2` and
 * `\frac{2469}{2}` are all "1234.5". What is not a number is cleaned of notation and compared as text. Percent signs,
 * currency and units are dropped, as in the usual graders: 50% is 50.
 */
import { extractAnswer } from "./extract.js";
import { type Exact, parseNumber } from "./expression.js";

/** Characters of an answer that are looked at; an answer that is longer is compared as text, cut. */
const MAX_CHARS = 1_000;
/** Decimals shown; a fraction that needs more stays a fraction. */
const MAX_DECIMALS = 12;

/** The canonical text of an answer; empty when nothing is left of it. Never throws; time is bounded by MAX_CHARS. */
export function canonicalAnswer(answer: string): string {
  const text = clean(answer.slice(0, MAX_CHARS).normalize("NFKC").slice(0, MAX_CHARS));
  return canonicalNumber(text) ?? canonicalList(text) ?? canonicalText(text);
}

/** Whether two answers mean the same. */
export function answersAgree(a: string, b: string): boolean {
  return canonicalAnswer(a) === canonicalAnswer(b);
}

/** Whether a solution's final answer is `expected`, given as an answer or as a text that ends in one (GSM8K). */
export function isCorrect(solution: string, expected: string): boolean {
  const found = extractAnswer(solution);
  const reference = extractAnswer(expected);
  const wanted = reference === undefined || reference.isFallback ? expected : reference.text;
  return found !== undefined && answersAgree(found.text, wanted);
}

/** Notation that carries no meaning here. Each pattern is linear: no nested or adjacent overlapping repeats. */
const REMOVED: readonly [RegExp, string][] = [
  [/[\u2212\u2013\u2014]/g, "-"],
  [/\u2044/g, "/"],
  [/\u00d7/g, "\\times "],
  [/\u00f7/g, "/"],
  [/\u221a(\d)/g, "\\sqrt$1"],
  [/\\[dt]frac/g, "\\frac"],
  [/\\(?:left|right|displaystyle|limits)(?![a-z])/g, ""],
  [/\\[!,;: ]|~|\\quad|\\qquad/g, " "],
  [/\{,\}/g, ","],
  [/\\(?:text|textbf|textit|mathrm|mathbf|mbox|operatorname|boxed)\s?\{([^{}]*)\}/g, " $1 "],
  [/\^\s?(?:\\circ|\{\s?\\circ\s?\})|\u00b0|\\degree/g, ""],
  [/\\[()[\]]/g, ""],
  [/\\?[$%]|[\u20ac\u00a3\u00a5]/g, ""],
  [/[*_`]{2,}/g, ""],
];

function clean(answer: string): string {
  let text = answer;
  for (const [pattern, replacement] of REMOVED) text = text.replace(pattern, replacement);
  text = withoutEndMarks(text.replace(/\s+/g, " ").replaceAll(" ^", "^").trim());
  const assignment = /^\\?[A-Za-z]\w{0,15}\s?=(?!=)/.exec(text);
  return assignment === null ? text : text.slice(assignment[0].length).trim();
}

function withoutEndMarks(text: string): string {
  let end = text.length;
  while (end > 0 && /[.,;:!\s]/.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

function canonicalNumber(text: string): string | undefined {
  const parsed = parseNumber(text);
  return parsed !== undefined && isUnit(parsed.rest) ? show(parsed.value) : undefined;
}

/** Units that may touch their number; any words may follow after a space. */
const TOUCHING =
  /^(?:[kcm]?m|[km]?g|lbs?|oz|ft|in|yd|mi|km\/h|mph|[m]?[lL]|hrs?|h|mins?|secs?|s|px|k?wh?|usd|eur|dollars?|cents?)(?:\^?\{?[23]\}?)?$/i;
const WORDS = /^\s[A-Za-z][A-Za-z\s/.'-]{0,60}(?:\^?\{?[23]\}?)?$/;

function isUnit(rest: string): boolean {
  return rest.trim() === "" || TOUCHING.test(rest.trim()) || (WORDS.test(rest) && !/^\s[a-z]$/i.test(rest));
}

function show({ q, r }: Exact): string {
  const sign = q.s < 0n && q.n !== 0n ? "-" : "";
  if (r === 1n) return sign + showPositive(q.n, q.d);
  const top = q.n === 1n ? `sqrt(${r})` : `${q.n}*sqrt(${r})`;
  return sign + (q.d === 1n ? top : `${top}/${q.d}`);
}

function showPositive(n: bigint, d: bigint): string {
  const decimals = decimalsOf(d);
  if (decimals === undefined) return `${n}/${d}`;
  const digits = ((n * 10n ** BigInt(decimals)) / d).toString().padStart(decimals + 1, "0");
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** Decimals after which 1/d ends, if it does within MAX_DECIMALS. */
function decimalsOf(d: bigint): number | undefined {
  for (let decimals = 0, power = 1n; decimals <= MAX_DECIMALS; decimals++, power *= 10n)
    if (power % d === 0n) return decimals;
  return undefined;
}

/** Pairs, sets, intervals and lists, element by element. */
function canonicalList(text: string): string | undefined {
  const bracketed = /^\\?[([{]/.test(text) && /[)\]}]$/.test(text);
  const inner = bracketed ? text.replace(/^\\?./, "").replace(/\\?.$/, "") : text;
  const parts = splitTopLevel(inner);
  if (parts.length < 2) return undefined;
  const open = bracketed ? /^\\?(.)/.exec(text)![1]! : "";
  const close = bracketed ? text.at(-1)! : "";
  return open + parts.map((part) => canonicalNumber(part) ?? canonicalText(part)).join(",") + close;
}

function splitTopLevel(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if ("([{".includes(text[i]!)) depth++;
    else if (")]}".includes(text[i]!)) depth--;
    else if (text[i] === "," && depth === 0) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}

function canonicalText(text: string): string {
  const choice = /^\(([A-Za-z])\)$/.exec(text.trim());
  if (choice !== null) return choice[1]!.toLowerCase();
  return text.replace(/\s+/g, "").toLowerCase();
}
