/** One line of arithmetic, as it stands in a solution: `12+7=19`. Non-negative integers only. */
export type Operator = "+" | "-" | "*" | "/";

export interface Equation {
  readonly left: number;
  readonly operator: Operator;
  readonly right: number;
  readonly result: number;
  /** Index of the earlier equation whose result is the left side; undefined when the text gives the number. */
  readonly leftFrom?: number;
  /** The same for the right side. */
  readonly rightFrom?: number;
}

const EVALUATE: Readonly<Record<Operator, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => Math.floor(left / right),
};

/** The value of `left operator right`; a division rounds down. */
export function evaluate(left: number, operator: Operator, right: number): number {
  return EVALUATE[operator](left, right);
}

/** The line of a solution. */
export function formatEquation(equation: Equation): string {
  return `${equation.left}${equation.operator}${equation.right}=${equation.result}`;
}

/** The last line of a solution. */
export function formatAnswer(answer: number | string): string {
  return `#### ${answer}`;
}

/** Whether the two sides of an operator may be exchanged. */
export function commutes(operator: Operator): boolean {
  return operator === "+" || operator === "*";
}
