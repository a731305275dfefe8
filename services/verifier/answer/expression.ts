/**
 * Exact arithmetic of an answer written as a number: integers, decimals, fractions, mixed numbers, products, powers and
 * square roots, in plain or LaTeX notation. Values are q * sqrt(r) with q rational and r a square-free integer.
 * A recursive descent over at most 1,000 characters with bounded depth and bounded digits; anything else is "not a number".
 */
import { Fraction } from "fraction.js";

/** q * sqrt(r); r = 1 for rational numbers. */
export interface Exact {
  readonly q: Fraction;
  readonly r: bigint;
}

/** Digits of any numerator or denominator; arithmetic on more is refused. */
const MAX_DIGITS = 200;
const MAX_DEPTH = 20;
const MAX_EXPONENT = 64;
/** Largest radicand that is reduced; trial division needs its square root in steps. */
const MAX_RADICAND = 1_000_000n;

class NotANumber extends Error {}

function refuse(): never {
  throw new NotANumber();
}

/** Parses the longest number at the start of `text`. Returns its value and what is left, or undefined. */
export function parseNumber(text: string): { value: Exact; rest: string } | undefined {
  const parser = new Parser(text);
  try {
    const value = parser.sum(0);
    return { value, rest: text.slice(parser.at) };
  } catch (error) {
    if (error instanceof NotANumber) return undefined;
    throw error;
  }
}

class Parser {
  at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  sum(depth: number): Exact {
    let value = this.product(depth);
    for (;;) {
      const sign = this.attempt(() => this.take(/[+-]/y) ?? refuse());
      if (sign === undefined) return value;
      const start = this.at;
      const term = this.attempt(() => this.product(depth));
      if (term === undefined) {
        this.at = start - 1;
        return value;
      }
      value = add(value, sign === "-" ? negate(term) : term);
    }
  }

  private product(depth: number): Exact {
    let value = this.signed(depth);
    for (;;) {
      const start = this.at;
      const operator = this.take(/\\times|\\cdot|\\div|[*/]/y);
      const factor =
        operator === undefined
          ? this.sees(/\s*(?:\\sqrt|\\frac|\()/y)
            ? this.attempt(() => this.power(depth))
            : undefined
          : this.attempt(() => this.signed(depth));
      if (factor === undefined) {
        this.at = start;
        return value;
      }
      value = operator === "/" || operator === "\\div" ? divide(value, factor) : multiply(value, factor);
    }
  }

  private signed(depth: number): Exact {
    if (depth > MAX_DEPTH) refuse();
    const sign = this.take(/[+-]/y);
    const value = this.power(depth);
    return sign === "-" ? negate(value) : value;
  }

  private power(depth: number): Exact {
    const base = this.atom(depth);
    if (this.take(/\^/y) === undefined) return base;
    const exponent = this.take(/\{/y) === undefined ? this.take(/\d{1,3}/y) : this.takeBraced(/-?\d{1,3}/y);
    if (exponent === undefined || Math.abs(Number(exponent)) > MAX_EXPONENT || base.r !== 1n) refuse();
    if (Number(exponent) < 0 && base.q.n === 0n) refuse();
    return rational(base.q.pow(Number(exponent)));
  }

  private atom(depth: number): Exact {
    if (this.take(/\\frac/y) !== undefined) return divide(this.argument(depth), this.argument(depth));
    if (this.take(/\\sqrt/y) !== undefined) return squareRoot(this.argument(depth));
    if (this.take(/\(/y) !== undefined) return this.closed(depth, /\)/y);
    if (this.take(/\{/y) !== undefined) return this.closed(depth, /\}/y);
    const digits = this.take(/\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+/y) ?? refuse();
    return this.mixed(decimal(digits));
  }

  /** A whole number directly before a proper fraction is a mixed number: `1 1/2`, `1\frac{1}{2}`. */
  private mixed(whole: Fraction): Exact {
    if (whole.d !== 1n) return rational(whole);
    const plain = this.take(/\d+\/\d+(?!\d)/y, /\s+/y);
    const [n, d] = plain?.split("/") ??
      this.take(/\\frac\{\d+\}\{\d+\}/y)?.match(/\d+/g) ?? [undefined, undefined];
    if (n === undefined || d === undefined) return rational(whole);
    return rational(whole.add(fraction(BigInt(n), BigInt(d))));
  }

  /** LaTeX's own rule: a braced group, or one digit. */
  private argument(depth: number): Exact {
    if (this.take(/\{/y) !== undefined) return this.closed(depth, /\}/y);
    return rational(decimal(this.take(/\d/y) ?? refuse()));
  }

  private closed(depth: number, bracket: RegExp): Exact {
    if (depth > MAX_DEPTH) refuse();
    const value = this.sum(depth + 1);
    if (this.take(bracket) === undefined) refuse();
    return value;
  }

  private takeBraced(pattern: RegExp): string | undefined {
    const inner = this.take(pattern);
    return this.take(/\}/y) === undefined ? undefined : inner;
  }

  private sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.text);
  }

  private take(pattern: RegExp, before: RegExp = /\s*/y): string | undefined {
    before.lastIndex = this.at;
    const gap = before.exec(this.text);
    if (gap === null) return undefined;
    pattern.lastIndex = this.at + gap[0].length;
    const match = pattern.exec(this.text);
    if (match === null) return undefined;
    this.at = pattern.lastIndex;
    return match[0];
  }

  private attempt<T>(parse: () => T): T | undefined {
    const start = this.at;
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof NotANumber)) throw error;
      this.at = start;
      return undefined;
    }
  }
}

function decimal(text: string): Fraction {
  const [whole = "", part = ""] = text.replaceAll(",", "").split(".");
  if (whole.length + part.length > MAX_DIGITS) refuse();
  return fraction(BigInt(whole + part || "0"), 10n ** BigInt(part.length));
}

function fraction(n: bigint, d: bigint): Fraction {
  if (d === 0n) refuse();
  return new Fraction(n, d);
}

function rational(q: Fraction): Exact {
  if (q.n.toString().length > MAX_DIGITS || q.d.toString().length > MAX_DIGITS) refuse();
  return { q, r: 1n };
}

function negate(a: Exact): Exact {
  return { q: a.q.neg(), r: a.r };
}

function add(a: Exact, b: Exact): Exact {
  if (a.q.n === 0n) return b;
  if (b.q.n === 0n) return a;
  return a.r === b.r ? { q: rational(a.q.add(b.q)).q, r: a.r } : refuse();
}

function multiply(a: Exact, b: Exact): Exact {
  const root = squareRoot(rational(new Fraction(a.r * b.r)));
  return { q: rational(a.q.mul(b.q).mul(root.q)).q, r: root.r };
}

function divide(a: Exact, b: Exact): Exact {
  if (b.q.n === 0n) refuse();
  // 1 / (q sqrt(r)) = sqrt(r) / (q r)
  return multiply(a, { q: b.q.mul(new Fraction(b.r)).inverse(), r: b.r });
}

/** sqrt(n/d) = sqrt(n d) / d, with square factors taken out. */
function squareRoot(a: Exact): Exact {
  if (a.r !== 1n || a.q.s < 0n) refuse();
  let radicand = a.q.n * a.q.d;
  if (radicand > MAX_RADICAND) refuse();
  let outside = 1n;
  for (let p = 2n; p * p <= radicand; p++)
    while (radicand % (p * p) === 0n) {
      radicand /= p * p;
      outside *= p;
    }
  return radicand === 0n ? { q: new Fraction(0), r: 1n } : { q: fraction(outside, a.q.d), r: radicand };
}
