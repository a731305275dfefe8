/**
 * Byte-pair encoding: starting from the 256 bytes, the most frequent neighbours inside words become one token, again and
 * again (Sennrich et al., arXiv:1508.07909). Words are what the pre-tokenizer of `tokenizer-json.ts` cuts.
 */
import { invalidField } from "#shared/errors.js";
import { BYTE_ALPHABET, toByteAlphabet } from "./byte-alphabet.js";

export interface TrainedTokenizer {
  /** Tokens in the byte alphabet; the index is the id. Special tokens first, then bytes, then merges. */
  readonly vocabulary: readonly string[];
  readonly merges: readonly (readonly [left: string, right: string])[];
}

export interface TrainTokenizerOptions {
  readonly corpus: Iterable<string>;
  /** All tokens, special ones included; at least 258. Fewer result when the corpus has no pair left. */
  readonly vocabularySize: number;
}

export const END_TOKEN = "<|end|>";
export const PAD_TOKEN = "<|pad|>";
const SPECIAL_TOKENS = [END_TOKEN, PAD_TOKEN];

/** GPT-2's splitting rule, applied between single digits. */
const WORD = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
const DIGIT_OR_REST = /\d|\D+/gu;

/** Learns merges from `corpus`. Equally frequent pairs go in the order of their text, so the result is reproducible. */
export function trainTokenizer({ corpus, vocabularySize }: TrainTokenizerOptions): TrainedTokenizer {
  const smallest = SPECIAL_TOKENS.length + BYTE_ALPHABET.length;
  if (!Number.isInteger(vocabularySize) || vocabularySize < smallest)
    throw invalidField("vocabulary_size", `must be an integer >= ${smallest}, got ${vocabularySize}`);
  const words = [...countWords(corpus)].map(([word, count]) => ({ tokens: word.split(""), count }));
  const vocabulary = [...SPECIAL_TOKENS, ...BYTE_ALPHABET];
  const merges: [string, string][] = [];
  while (vocabulary.length < vocabularySize) {
    const pair = mostFrequentPair(words);
    if (pair === undefined) break;
    merges.push(pair);
    vocabulary.push(pair.join(""));
    for (const word of words) word.tokens = merge(word.tokens, pair);
  }
  return { vocabulary, merges };
}

interface CountedWord {
  tokens: string[];
  readonly count: number;
}

function countWords(corpus: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of corpus)
    for (const [piece] of text.matchAll(DIGIT_OR_REST))
      for (const [word] of piece.matchAll(WORD)) {
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
  return new Map([...counts].map(([word, count]) => [toByteAlphabet(word), count]));
}

function mostFrequentPair(words: readonly CountedWord[]): [string, string] | undefined {
  const counts = new Map<string, number>();
  for (const { tokens, count } of words)
    for (let i = 1; i < tokens.length; i++) {
      // The byte alphabet has no plain space, so it can part the two.
      const pair = `${tokens[i - 1]!} ${tokens[i]!}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  let best = "";
  let most = 0;
  for (const [pair, count] of counts)
    if (count > most || (count === most && pair < best)) [best, most] = [pair, count];
  const [left, right] = best.split(" ");
  return left === undefined || right === undefined ? undefined : [left, right];
}

function merge(tokens: readonly string[], [left, right]: readonly [string, string]): string[] {
  const merged: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] === left && tokens[i + 1] === right) merged.push(left + tokens[++i]!);
    else merged.push(tokens[i]!);
  }
  return merged;
}
