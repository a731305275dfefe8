/**
 * Labels of sampled solutions, by the verifier's own answer rules. What these rules cannot tell is `ambiguous` and never
 * a label: a wrong label on a right solution (a unit, trailing text; 12 of 272 in one published set) teaches the head to
 * dislike a wording. Ambiguous are
 * - finished texts without an answer, and those whose only answer is a guess (the last number) while the expected one
 *   stands elsewhere;
 * - answers that hold the expected one and more (`12 (twelve)`, `12 or 13`), or a number in words;
 * - numbers with a unit or a per cent sign that differ from the expected one by a factor between units.
 */
import { canonicalAnswer } from "#verifier/answer/canonical.js";
import { extractAnswer } from "#verifier/answer/extract.js";

export const LABELS = ["right", "wrong", "ambiguous", "unfinished"] as const;
export type Label = (typeof LABELS)[number];

/** `expected` is an answer, without reasoning before it. */
export function grade(
  solution: { readonly text: string; readonly finished: boolean },
  expected: string,
): Label {
  if (!solution.finished) return "unfinished";
  const found = extractAnswer(solution.text);
  if (found === undefined) return "ambiguous";
  const wanted = canonicalAnswer(expected);
  const given = canonicalAnswer(found.text);
  if (given === wanted) return "right";
  const holds = (text: string): boolean =>
    isNumber(wanted) ? mentionsNumber(text, wanted) : mentionsWords(text, expected);
  if (found.isFallback) return holds(solution.text) ? "ambiguous" : "wrong";
  if (isNumber(wanted) && isNumber(given))
    return unitsMayExplain(found.text, expected, given, wanted) ? "ambiguous" : "wrong";
  return holds(found.text) || (isNumber(wanted) && saysNumber(found.text)) ? "ambiguous" : "wrong";
}

/** Canonical form of a rational number. */
const isNumber = (canonical: string): boolean => /^-?\d+(?:\.\d+|\/\d+)?$/.test(canonical);

/** Whether a number of this value stands in the text. A minus may be a dash or an operator: both readings count. */
function mentionsNumber(text: string, wanted: string): boolean {
  return [...text.matchAll(/\d[\d,]*(?:\.\d+)?(?:\/\d+)?/g)].some(({ 0: digits, index }) => {
    const number = digits.replace(/,+$/, "");
    const readings = text[index - 1] === "-" ? [number, `-${number}`] : [number];
    return readings.some((reading) => canonicalAnswer(reading) === wanted);
  });
}

/** Whether the expected words stand in the text, one after the other and whole: "no" is not in "I do not know". */
function mentionsWords(text: string, expected: string): boolean {
  const [words, sought] = [text, expected].map((each) => each.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
  if (sought!.length === 0) return false;
  return words!.some((_, at) => sought!.every((word, i) => words![at + i] === word));
}

const NUMBER_WORD =
  /\b(?:zero|none|nothing|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|half|third|quarter|dozen)s?\b/i;

/** A number that is written out is beyond the rules; `5 apples` has digits, and they were read. */
const saysNumber = (text: string): boolean => !/\d/.test(text) && NUMBER_WORD.test(text);

const UNIT =
  /%|\$|\u20ac|\u00a3|\b\d*\s?(?:percent|per cent|cents?|dollars?|usd|eur|dozens?|hundreds?|thousands?|millions?|sec(?:ond)?s?|min(?:ute)?s?|h(?:ou)?rs?|h|days?|weeks?|months?|years?|[kcm]?m|(?:kilo|centi|milli)?met(?:er|re)s?|[km]?g|(?:kilo|milli)?grams?|m?l|(?:milli)?lit(?:er|re)s?|in(?:ch(?:es)?)?|f(?:ee|oo)?t|yards?|miles?|pounds?|lbs?|ounces?|oz)\b/i;

/** Between units of money, share, count, time, length and mass. */
const FACTORS = [7, 10, 12, 16, 24, 30, 36, 52, 60, 100, 365, 1000, 3600, 5280, 1_000_000];

function unitsMayExplain(givenText: string, wantedText: string, given: string, wanted: string): boolean {
  if (!UNIT.test(givenText) && !UNIT.test(wantedText)) return false;
  const ratio = Math.abs(valueOf(given) / valueOf(wanted));
  return FACTORS.some((factor) => [factor, 1 / factor].some((each) => Math.abs(ratio / each - 1) < 1e-9));
}

function valueOf(canonical: string): number {
  const [top, bottom = "1"] = canonical.split("/");
  return Number(top) / Number(bottom);
}

export type LabelCounts = Readonly<Record<Label, number>>;

export function countLabels(labels: Iterable<Label>): LabelCounts {
  const counts: Record<Label, number> = { right: 0, wrong: 0, ambiguous: 0, unfinished: 0 };
  for (const label of labels) counts[label] += 1;
  return counts;
}
