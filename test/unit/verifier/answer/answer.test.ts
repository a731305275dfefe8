import { answersAgree, canonicalAnswer, isCorrect } from "#verifier/answer/canonical.js";
import { extractAnswer } from "#verifier/answer/extract.js";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("extractAnswer", () => {
  test.each([
    ["", undefined],
    ["I do not know", undefined],
    ["6 * 7 = 42\n#### 42", "42"],
    ["#### 1\nno, again\n#### 2,000 ", "2,000"],
    ["so \\boxed{\\frac{1}{2}} it is", "\\frac{1}{2}"],
    ["\\boxed{1} then \\boxed{2} then \\boxed{3", "2"],
    ["\\boxed{\\text{set } \\{1, 2\\}}", "\\text{set } \\{1, 2\\}"],
    ["Therefore, the final answer is: $\\boxed{17}$. I hope it is correct.", "17"],
    ["The answer is 3.50. Check: 7 / 2.", "3.50"],
    ["the final answer is $x=5$. The answer is 9", "$x=5$"],
    ["Answer: 18 km", "18 km"],
    ["ANSWER:\n 7", "7"],
    ["The answer is that Tom has 12 apples.", "12"],
    ["The answer is between 3 and 4.", "between 3 and 4"],
  ])("%j gives %j", (text, expected) => {
    const found = extractAnswer(text);
    expect(found?.text).toBe(expected);
    expect(found?.isFallback ?? false).toBe(false);
  });

  test("flags the last number of a text as a guess", () => {
    expect(extractAnswer("first 3, then 1,204.5,")).toEqual({
      text: "1,204.5",
      source: "number",
      isFallback: true,
    });
    expect(extractAnswer("it fell to -3")?.text).toBe("-3");
    expect(extractAnswer("8-3")?.text).toBe("3");
  });

  test("reads the end of a 10 MB text", () => {
    expect(extractAnswer(`${"\\boxed{".repeat(1_500_000)} #### 5`)?.text).toBe("5");
    expect(extractAnswer(`#### 5${" ".repeat(10_000_000)}`)).toBeUndefined();
  });
});

describe("canonicalAnswer", () => {
  test.each([
    ["42", "42"],
    ["42.", "42"],
    ["042", "42"],
    ["-0", "0"],
    ["+7", "7"],
    ["\u22127", "-7"],
    ["1,234,567.50", "1234567.5"],
    ["1{,}234", "1234"],
    ["$1,000", "1000"],
    ["\\$5.00", "5"],
    ["\u20ac 20", "20"],
    ["50\\%", "50"],
    ["12.5 %", "12.5"],
    ["1/2", "0.5"],
    ["2/6", "1/3"],
    ["-\\frac{3}{4}", "-0.75"],
    ["\\dfrac12", "0.5"],
    ["\\tfrac{-1}{3}", "-1/3"],
    ["1 1/2", "1.5"],
    ["2\\frac{1}{3}", "7/3"],
    ["\u00bd", "0.5"],
    ["\\sqrt{16}", "4"],
    ["\\sqrt{12}", "2*sqrt(3)"],
    ["2\\sqrt3", "2*sqrt(3)"],
    ["\\frac{6}{\\sqrt{3}}", "2*sqrt(3)"],
    ["\\sqrt{\\frac{1}{2}}", "sqrt(2)/2"],
    ["$x=5$", "5"],
    ["\\alpha = 30^\\circ", "30"],
    ["90\u00b0", "90"],
    ["5 cm", "5"],
    ["5\\text{ cm}^2", "5"],
    ["18 apples.", "18"],
    ["60km/h", "60"],
    ["3 \\times 10^{2}", "300"],
    ["2^10", "1024"],
    ["3+4", "7"],
    ["\\left( 3, \\frac{4}{2} \\right)", "(3,2)"],
    ["[1, 2)", "[1,2)"],
    ["1, 2, 3", "1,2,3"],
    ["(A)", "a"],
    ["\\text{Yes}", "yes"],
    ["**12**", "12"],
    ["2x + 1", "2x+1"],
    ["", ""],
  ])("%j is %j", (answer, expected) => {
    expect(canonicalAnswer(answer)).toBe(expected);
  });

  test.each([
    ["0.5", "50%"],
    ["1/3", "0.333"],
    ["5x", "5"],
    ["(1,2)", "(2,1)"],
    ["12", "-12"],
    ["\\frac{1}{0}", "0"],
  ])("%j and %j differ", (a, b) => {
    expect(answersAgree(a, b)).toBe(false);
  });

  test("is its own canonical form for numbers", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 5000 }), (n, d) => {
        const once = canonicalAnswer(`${n}/${d}`);
        expect(canonicalAnswer(once)).toBe(once);
        expect(canonicalAnswer(`\\frac{${n}}{${d}}`)).toBe(once);
      }),
    );
  });
});

test("isCorrect reads GSM8K references", () => {
  expect(isCorrect("so it is\n#### 1,200", "5 * 240 = <<5*240=1200>>1200\n#### 1200")).toBe(true);
  expect(isCorrect("#### 12", "12 apples")).toBe(true);
  expect(isCorrect("#### 13", "12")).toBe(false);
  expect(isCorrect("", "12")).toBe(false);
});

describe("no input hangs it or makes it throw", () => {
  const pieces = fc.constantFrom(
    ..."0123456789,./-+^(){}[]$%\\ =x".split(""),
    "\\frac",
    "\\sqrt",
    "\\boxed{",
    "\\text{",
    "####",
    "answer is ",
    "\\left",
    "^\\circ",
    "9999999999",
    "\ufdfa",
    "\u0130",
  );
  const timed = (text: string): number => {
    const start = performance.now();
    canonicalAnswer(text);
    const found = extractAnswer(text);
    if (found !== undefined) canonicalAnswer(found.text);
    return performance.now() - start;
  };

  test("random notation", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 400 }), (parts) => {
        expect(timed(parts.join(""))).toBeLessThan(250);
      }),
      { numRuns: 500 },
    );
  });

  test("any string", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 500 }), (text) => void timed(text)));
  });

  test.each([
    "(",
    "{",
    "\\boxed{",
    "\\text{",
    "9",
    "9,",
    "1,000",
    "-",
    "2^",
    "\\sqrt",
    "\\frac",
    "9^{64}",
    " ",
    "answer is ",
    "\\sqrt{999983}",
    "1/7+",
    "*",
    "x",
    "#",
    "5 a ",
  ])("%j a million times", (piece) => {
    expect(timed(piece.repeat(1_000_000))).toBeLessThan(1_000);
    expect(timed(`${piece.repeat(300)}5`)).toBeLessThan(250);
  });
});
