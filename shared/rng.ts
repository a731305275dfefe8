/**
 * Seeded, splittable randomness: the only source of it in the product. A stream is named by a seed and a path of keys,
 * so what one node of a search tree draws depends on its place in the tree and on nothing that runs beside it.
 */
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

export interface Rng {
  /** Uniform in [0, 1) with 53 random bits. */
  next(): number;
  /** Uniform integer in [0, bound). `bound` at most 2^32. */
  int(bound: number): number;
  /** Standard normal. */
  normal(): number;
  /** An independent stream for `key`; does not advance this one. */
  split(...keys: readonly (number | string)[]): Rng;
}

/** FNV-1a with a final avalanche (murmur3's), over the decimal text of the keys: stable on every platform. */
function hash(text: string, seed: number): number {
  let h = (2166136261 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A stream for `seed` (any safe integer, or text) and a path of keys. */
export function createRng(seed: number | string, ...path: readonly (number | string)[]): Rng {
  const name = [seed, ...path].join("/");
  const source = xoroshiro128plus(hash(name, 0) | 0);
  // pure-rand seeds from 32 bits; stir in 32 more so that streams of many names do not collide by birthday.
  const salt = hash(name, 0x9e3779b9);
  const bits = (): number => ((source.next() >>> 0) ^ salt) >>> 0;
  const next = (): number => ((bits() >>> 5) * 67108864 + (bits() >>> 6)) / 9007199254740992;
  return {
    next,
    int: (bound) => Math.floor(next() * bound),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    split: (...keys) => createRng(name, ...keys),
  };
}

/** A shuffled copy (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], rng: Rng): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}
