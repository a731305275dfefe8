import { describe, expect, test } from "vitest";
import { countLabels, grade, type Label } from "#train/swift/grade.js";

const of = (text: string, expected: string): Label => grade({ text, finished: true }, expected);

test("a text that a limit ended is unfinished, whatever it says", () => {
  expect(grade({ text: "The answer is 12", finished: false }, "12")).toBe("unfinished");
});

describe("right:", () => {
  test.each([
    ["#### 12", "12"],
    ["3 * 4 = 12\n#### 12", "12"],
    ["The final answer is $12.00.", "12"],
    ["The answer is 12 apples in all.", "12"],
    ["So \\boxed{\\frac{1}{2}}", "0.5"],
    ["Answer: 1,234 km", "1234"],
    ["Answer: 50%", "50"],
    // A guess that is right speaks for the solution, as it does in the verifier's votes.
    ["3 * 4 makes 12", "12"],
    ["Answer: Heads", "heads"],
  ])("%j for %j", (text, expected) => expect(of(text, expected)).toBe("right"));
});

describe("wrong:", () => {
  test.each([
    ["#### 13", "12"],
    // The last explicit answer counts, though the right number stands before it.
    ["12 apples.\nThe answer is 5", "12"],
    ["That makes 13", "12"],
    ["Answer: I cannot tell", "12"],
    ["Answer: tails", "heads"],
    ["Answer: I do not know", "no"],
    // Ten times as much of a thing that is no unit is simply wrong.
    ["Answer: 50 apples", "5"],
    ["Answer: 7 dollars", "5"],
    ["#### -12", "12"],
    ["Answer: 0%", "5"],
  ])("%j for %j", (text, expected) => expect(of(text, expected)).toBe("wrong"));
});

describe("ambiguous:", () => {
  test.each([
    ["no answer at all", "I do not know.", "12"],
    ["nothing", "", "12"],
    ["a guess, and the expected number before it", "12 apples, and she had 5", "12"],
    ["trailing text", "#### 12 (twelve)", "12"],
    ["trailing numbers", "#### 12 or 13", "12"],
    ["a sum shown with its result", "#### 5 + 7 = 12", "12"],
    ["parts and their total", "The answer is 5 each, 12 in total", "12"],
    ["words for a number", "Answer: twelve", "12"],
    ["another unit of money", "Answer: 50 cents", "0.5"],
    ["another unit of time", "Answer: 2 hours", "120 minutes"],
    ["a share for a per cent", "Answer: 0.5", "50%"],
    ["a multiple in words", "Answer: 2 dozen", "24"],
    ["an answer in a sentence", "Answer: yes, it is still heads up", "heads up"],
    ["words elsewhere", "It is heads up after 2", "heads up"],
  ])("%s", (_, text, expected) => expect(of(text, expected)).toBe("ambiguous"));
});

test("counts each label, those that do not occur included", () => {
  expect(countLabels(["right", "wrong", "right"])).toEqual({
    right: 2,
    wrong: 1,
    ambiguous: 0,
    unfinished: 0,
  });
});
