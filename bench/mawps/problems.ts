/**
 * MAWPS (Koncel-Kedziorski et al. 2016) as the SVAMP authors publish it (github.com/arkilpatel/SVAMP, MIT): one-line word
 * problems that others wrote, as problem files for a small model that continues text.
 */
import { parse } from "csv-parse/sync";
import { createRng } from "#shared/rng.js";

export type Split = "train" | "calibration" | "test";

export interface MawpsProblem {
  readonly id: string;
  /** Worked examples and the question. */
  readonly problem: string;
  readonly answer: string;
  /** Operations. */
  readonly level: number;
}

interface Row {
  /** Its numbers are called number0, number1, ... */
  readonly Question: string;
  readonly Numbers: string;
  /** Prefix notation. */
  readonly Equation: string;
  readonly Answer: string;
}

const MAX_OPERATIONS = 2;

/** One of each operation. Asked without them, a small chat model rambles and hardly ever comes to an answer. */
const EXAMPLES = [
  "Q: Tom has 8 apples. He buys 5 more apples. How many apples does Tom have now?\nA: 8 + 5 = 13",
  "Q: There are 4 boxes with 6 pens each. How many pens are there in all?\nA: 4 * 6 = 24",
  "Q: Ann had 20 coins. She spent 7 of them. How many coins does Ann have left?\nA: 20 - 7 = 13",
  "Q: 18 cookies are shared equally by 3 children. How many cookies does each child get?\nA: 18 / 3 = 6",
];

/** `folds`: the text of each CSV file. The first problem of each wording counts, so that no two splits share one. */
export function mawpsProblems(folds: readonly string[]): Readonly<Record<Split, readonly MawpsProblem[]>> {
  const splits: Record<Split, MawpsProblem[]> = { train: [], calibration: [], test: [] };
  const seen = new Set<string>();
  for (const [fold, text] of folds.entries())
    for (const [index, row] of parse<Row>(text, { columns: true }).entries()) {
      const level = operationsOf(row);
      const wording = row.Question.replaceAll(/number\d+/g, "#").toLowerCase();
      if (level > MAX_OPERATIONS || seen.has(wording)) continue;
      seen.add(wording);
      const problem = [...EXAMPLES, `Q: ${questionOf(row)}\nA:`].join("\n\n");
      const answer = String(Number(row.Answer));
      splits[splitOf(wording)].push({ id: `mawps-${fold}-${index}`, problem, answer, level });
    }
  return splits;
}

const operationsOf = ({ Equation: equation }: Row): number =>
  equation.split(" ").filter((part) => "+-*/".includes(part)).length;

/** The words as they were before somebody took them apart into tokens. */
function questionOf({ Question: question, Numbers: numbers }: Row): string {
  const values = numbers.split(" ").map((value) => String(Number(value)));
  return question
    .replaceAll(/number(\d+)/g, (_, place: string) => values[Number(place)]!)
    .replaceAll(/ ([.,?!%)]|'s)/g, "$1")
    .replaceAll(/([$(]) /g, "$1")
    .trim();
}

/**
 * The split that owns a wording: 10, 6 and 4 in 20. A head needs hundreds of problems, and where one in eight is solved, so
 * does a calibration that is to tell two strategies apart.
 */
function splitOf(wording: string): Split {
  const bucket = createRng("mawps split", wording).int(20);
  return bucket < 10 ? "train" : bucket < 16 ? "calibration" : "test";
}
