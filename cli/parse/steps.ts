/** A solution's text as the steps that a reward model scores. */
import { BadInputError } from "../exit.js";

/** Steps keep the delimiter that ends them, as the generator gives them; blank ones are left out. At least one. */
export function splitSteps(solution: string, delimiter: string): string[] {
  const text = solution.replaceAll("\r\n", "\n").trimEnd();
  const parts = text.split(delimiter);
  const steps = parts
    .map((part, i) => (i < parts.length - 1 ? part + delimiter : part))
    .filter((part) => part.trim() !== "");
  if (steps.length === 0)
    throw new BadInputError("the solution must have at least one step, got only blank text: check the file.");
  return steps;
}
