/** A token per byte of UTF-8; 256 begins a text, 257 ends it; both are special. */
import { createTextDecoder } from "#shared/lm/checkpoint/text-decoder.js";
import type { Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";

export const BOS = 256;
export const EOS = 257;

const decode = (tokenIds: readonly number[]): string =>
  Buffer.from(tokenIds.filter((id) => id < 256)).toString("utf8");

export const byteTokenizer: Tokenizer = {
  vocabularySize: 258,
  hash: "byte-tokenizer",
  specialTokenIds: [BOS, EOS],
  encode: (text, { addSpecialTokens }) => [...(addSpecialTokens ? [BOS] : []), ...Buffer.from(text)],
  decode: (tokenIds) => decode(tokenIds),
  createTextDecoder: (contextIds = []) => createTextDecoder(decode, contextIds),
  tokenToId: (token) => (Buffer.byteLength(token) === 1 ? Buffer.from(token)[0] : undefined),
  idToToken: (tokenId) => (tokenId < 256 ? String.fromCharCode(tokenId) : undefined),
};
