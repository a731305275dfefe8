/**
 * Finds the final answer in a solution's text. Linear in the text, which is cut to its end first: an answer stands last.
 * Knows where answers are written, not what they mean (that is `canonical`).
 */

/** Where an answer was found, most explicit first. `number` is a guess: the last number of the text. */
export type AnswerSource = "hashes" | "boxed" | "phrase" | "number";

export interface ExtractedAnswer {
  readonly text: string;
  readonly source: AnswerSource;
  /** True for a guess. A guess may speak for a finished solution, never for an unfinished one. */
  readonly isFallback: boolean;
}

/** Characters of a solution that are read, from its end. */
const MAX_TEXT_CHARS = 65_536;
/** Characters of an answer; longer ones are not answers. */
const MAX_ANSWER_CHARS = 1_000;

/**
 * The last `#### N`, else the last balanced `\boxed{}`, else what follows the last "final answer is" or "answer is" /
 * "answer:", else the last number. Undefined when the text holds none of these.
 */
export function extractAnswer(solution: string): ExtractedAnswer | undefined {
  const text = solution.slice(-MAX_TEXT_CHARS);
  const explicit: readonly [AnswerSource, string | undefined][] = [
    ["hashes", afterHashes(text)],
    ["boxed", lastBoxed(text)],
    ["phrase", afterPhrase(text)],
  ];
  for (const [source, found] of explicit) {
    const answer = found?.trim();
    if (answer !== undefined && answer !== "" && answer.length <= MAX_ANSWER_CHARS)
      return { text: answer, source, isFallback: false };
  }
  const number = lastNumber(text);
  return number === undefined ? undefined : { text: number, source: "number", isFallback: true };
}

function afterHashes(text: string): string | undefined {
  const start = text.lastIndexOf("####");
  return start < 0 ? undefined : firstLine(text.slice(start + 4));
}

/** One pass with a stack of open braces, so that a thousand unclosed boxes cost no more than one. */
function lastBoxed(text: string): string | undefined {
  const open: number[] = [];
  let found: string | undefined;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "\\" && (text[i + 1] === "{" || text[i + 1] === "}")) i++;
    else if (char === "{") open.push(i);
    else if (char === "}" && open.length > 0) {
      const start = open.pop()!;
      if (opensBox(text, start)) found = text.slice(start + 1, i);
    }
  }
  return found;
}

function opensBox(text: string, brace: number): boolean {
  const end = text[brace - 1] === " " ? brace - 1 : brace;
  return text.endsWith("\\boxed", end) || text.endsWith("\\fbox", end);
}

const PHRASES = ["final answer is", "final answer:", "answer is", "answer:", "answer ="];

function afterPhrase(text: string): string | undefined {
  // ASCII only: full lower-casing may change the length of the text.
  const lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  for (const phrase of PHRASES) {
    const start = lower.lastIndexOf(phrase);
    if (start < 0) continue;
    const sentence = firstSentence(text.slice(start + phrase.length).replace(/^[\s:]+/, ""));
    if (sentence !== "") return onlyNumber(sentence) ?? sentence;
  }
  return undefined;
}

/** "that Tom has 12 apples" means 12; a text with more than one number, or with mathematics in it, stays as it is. */
function onlyNumber(sentence: string): string | undefined {
  if (/[\\^/()=,*+]/.test(sentence) || !/^[A-Za-z]/.test(sentence)) return undefined;
  const numbers = sentence.match(/-?\d+(?:\.\d+)?/g) ?? [];
  return numbers.length === 1 ? numbers[0] : undefined;
}

function firstLine(text: string): string {
  const end = text.indexOf("\n");
  return end < 0 ? text : text.slice(0, end);
}

/** Up to the first period that no digit follows. */
function firstSentence(text: string): string {
  const line = firstLine(text);
  const end = line.search(/[.](?!\d)/);
  return end < 0 ? line : line.slice(0, end);
}

function lastNumber(text: string): string | undefined {
  let last: string | undefined;
  for (const match of text.matchAll(/\d[\d,]*(?:\.\d+)?(?:\/\d+)?/g)) {
    const before = text[match.index - 1];
    const isNegative = before === "-" && !/[\w)]/.test(text[match.index - 2] ?? " ");
    last = (isNegative ? "-" : "") + match[0].replace(/,+$/, "");
  }
  return last !== undefined && last.length <= MAX_ANSWER_CHARS ? last : undefined;
}
