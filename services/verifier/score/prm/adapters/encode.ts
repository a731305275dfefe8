/**
 * Texts of users and policies as tokens of a PRM whose format has marks of its own (step tags, ends of turns). A mark's
 * literal inside such a text stays text: it is encoded in two pieces, neither of which is the mark.
 */
import type { Tokenizer } from "#shared/lm/checkpoint/tokenizer.js";
import { ServiceError } from "#shared/errors.js";

export interface EncodeOptions {
  /** The text stands first: the tokenizer may add what a text begins with (BOS). */
  readonly begins?: boolean;
  /** The text goes on behind others; without it, it is encoded as a text of its own. */
  readonly continues?: boolean;
}

export type TextEncoder = (text: string, options?: EncodeOptions) => number[];

/**
 * @param tags literals of the family's own marks, beside the tokenizer's special tokens
 * @returns an encoder that throws `invalid_argument` when a mark survives even in pieces
 */
export function createTextEncoder(tokenizer: Tokenizer, tags: readonly string[]): TextEncoder {
  const special = tokenizer.specialTokenIds.map((id) => tokenizer.idToToken(id));
  const literals = [...new Set([...tags, ...special])].filter((text) => text !== undefined && text !== "");
  const pattern = new RegExp(literals.map((text) => escapeRegExp(text!)).join("|") || "(?!)", "gu");
  return (text, options = {}) => {
    const pieces = cut(text, pattern);
    const ids = pieces.flatMap((piece, index) => encodePiece(tokenizer, piece, index === 0, options));
    if (pieces.length > 1) assertNone(tokenizer, pieces, text, pattern);
    return ids;
  };
}

/** The text behind its marks' first characters, so that no piece holds a mark. */
function cut(text: string, pattern: RegExp): string[] {
  const pieces: string[] = [];
  let from = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [first] = match[0];
    const end = match.index + first!.length;
    pieces.push(text.slice(from, end));
    from = end;
    // Another mark may begin inside this one.
    pattern.lastIndex = end;
  }
  return [...pieces, text.slice(from)].filter((piece) => piece !== "");
}

function encodePiece(
  tokenizer: Tokenizer,
  piece: string,
  isFirst: boolean,
  { begins = false, continues = false }: EncodeOptions,
): number[] {
  if (isFirst && !continues) return tokenizer.encode(piece, { addSpecialTokens: begins });
  return encodeBehind(tokenizer, piece);
}

/**
 * A text as it is encoded behind others. SentencePiece gives a text that stands alone a space in front; behind a letter
 * it does not. The letter's token is taken off again; where it was merged with the text, the text is taken alone.
 */
function encodeBehind(tokenizer: Tokenizer, text: string): number[] {
  const anchor = tokenizer.encode("a", { addSpecialTokens: false });
  const ids = tokenizer.encode(`a${text}`, { addSpecialTokens: false });
  const isWhole = anchor.every((id, index) => ids[index] === id);
  return isWhole ? ids.slice(anchor.length) : tokenizer.encode(text, { addSpecialTokens: false });
}

/** What the tokenizer adds of its own (BOS) is not looked at. */
function assertNone(tokenizer: Tokenizer, pieces: readonly string[], text: string, pattern: RegExp): void {
  const ids = new Set(pieces.flatMap((piece) => tokenizer.encode(piece, { addSpecialTokens: false })));
  for (const [literal] of text.matchAll(pattern)) {
    const id = tokenizer.tokenToId(literal);
    if (id === undefined || !ids.has(id)) continue;
    const must = "must not hold a mark of the PRM's own format";
    throw new ServiceError("invalid_argument", `a text for the PRM ${must}, got ${JSON.stringify(literal)}`, {
      reason: "PRM_MARK_IN_TEXT",
    });
  }
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}
