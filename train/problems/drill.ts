/**
 * Drills: bare equations, a dozen a document. A worded problem spends most of its tokens on reading, which is learnt
 * early; carries and borrows are learnt late and need many sums.
 */
import { createRng } from "#shared/rng.js";
import { drawChain } from "./chain.js";
import { type Equation, formatEquation } from "./equation.js";
import { splitOf } from "./generate.js";
import { LEVELS } from "./levels.js";

const EQUATIONS_PER_DRILL = 12;
/** Products and quotients are nearly tables and are learnt early: one in this many is kept. */
const KEEP_ONE_PRODUCT_IN = 4;

/** Equations of training chains of all levels, none of which is a problem of another split by itself. */
export function drawDrill(seed: number, index: number): string[] {
  const rng = createRng("drill", seed, index);
  const lines: string[] = [];
  while (lines.length < EQUATIONS_PER_DRILL) {
    const level = LEVELS[rng.int(LEVELS.length)]!;
    for (const equation of drawChain(level, rng).equations) {
      const table = equation.operator === "*" || equation.operator === "/";
      if (table && rng.int(KEEP_ONE_PRODUCT_IN) > 0) continue;
      if (splitOf([equation satisfies Equation]) === "train") lines.push(formatEquation(equation));
    }
  }
  return lines.slice(0, EQUATIONS_PER_DRILL);
}
