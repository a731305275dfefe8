import { expect, test } from "vitest";
import { mawpsProblems } from "../../../../bench/mawps/problems.js";

const HEADER = "Question,Numbers,Equation,Answer,group_nums\n";
const line = (question: string, numbers: string, equation: string, answer: string): string =>
  `"${question}",${numbers},${equation},${answer},"[1, 2]"\n`;

const all = (csv: readonly string[]) => Object.values(mawpsProblems(csv)).flat();

test("puts the numbers and the words together again, after worked examples", () => {
  const [problem] = all([
    HEADER +
      line(
        "Sam 's dog has number0 bones , each for $ number1 . What do they cost ?",
        "12.0 0.5",
        "* number0 number1",
        "6.0",
      ),
  ]);
  expect(problem).toMatchObject({ answer: "6", level: 1, id: "mawps-0-0" });
  expect(problem!.problem).toMatch(/^Q: Tom has 8 apples/);
  expect(problem!.problem).toMatch(
    /\n\nQ: Sam's dog has 12 bones, each for \$0\.5\. What do they cost\?\nA:$/,
  );
});

test("takes a wording once, whatever its numbers, and no more than two operations", () => {
  const sum = (numbers: string) => line("number0 and number1 ?", numbers, "+ number0 number1", "3");
  const long = line("Many of number0 ?", "1", "+ + + number0 1 1 1", "4");
  expect(all([HEADER + sum("1 2") + long, HEADER + sum("2 1")]).map(({ id }) => id)).toEqual(["mawps-0-0"]);
});

test("deals wordings out the same way every time", () => {
  const csv =
    HEADER + Array.from({ length: 400 }, (_, i) => line(`Question ${i} ?`, "1", "+ 1 1", "2")).join("");
  const { train, calibration, test: held } = mawpsProblems([csv]);
  expect(train.length + calibration.length + held.length).toBe(400);
  expect(train.length / 400).toBeCloseTo(0.5, 1);
  expect(held.length / 400).toBeCloseTo(0.2, 1);
  expect(mawpsProblems([csv]).test).toEqual(held);
});
