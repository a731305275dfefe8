/**
 * What stands behind the names of `tokenizer.ggml.pre`: the same text splitters as Hugging Face's tokenizer.json of
 * these models has (llama.cpp, src/llama-vocab.cpp, lists its own form of each regular expression).
 */
import type { JsonObject } from "../json.js";

export interface PreTokenizer {
  /** Each splits what the one before left, matches and gaps alike; the byte alphabet comes last. */
  readonly patterns: readonly string[];
  readonly normalizer?: JsonObject;
  /** A piece that is a token is not put together from merges. */
  readonly ignoreMerges?: boolean;
  /** What holds when the file does not say whether a text begins with BOS. */
  readonly addBos?: boolean;
}

const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const WORDS = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
const REST = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN2 = `${CONTRACTIONS}|${WORDS}|\\p{N}|${REST}`;
const LLAMA3 = `${CONTRACTIONS}|${WORDS}|\\p{N}{1,3}|${REST}`;
const UPPER = "\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}";
const LOWER = "\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}";
const TEKKEN = [
  `[^\\r\\n\\p{L}\\p{N}]?[${UPPER}]*[${LOWER}]+`,
  `[^\\r\\n\\p{L}\\p{N}]?[${UPPER}]+[${LOWER}]*`,
  "\\p{N}",
  " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
].join("|");

const llama3: PreTokenizer = { patterns: [LLAMA3], ignoreMerges: true, addBos: true };

export const PRE_TOKENIZERS: ReadonlyMap<string, PreTokenizer> = new Map([
  ["gpt-2", { patterns: [GPT2] }],
  ["smollm", { patterns: ["\\p{N}", GPT2] }],
  ["qwen2", { patterns: [QWEN2], normalizer: { type: "NFC" } }],
  ["deepseek-r1-qwen", { patterns: [QWEN2] }],
  ["llama-bpe", llama3],
  ["llama3", llama3],
  ["llama-v3", llama3],
  ["tekken", { patterns: [TEKKEN], ignoreMerges: true, addBos: true }],
  // llama.cpp's own fallback; no model's tokenizer.json has it.
  ["default", { patterns: ["[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]"] }],
]);
