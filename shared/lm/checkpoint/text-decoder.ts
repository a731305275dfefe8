/**
 * Text of a token sequence as it grows. A character may be spread over several tokens and a decoder may treat a text's
 * first token differently, so tokens cannot be decoded one by one: a short window of them is decoded again each time,
 * and what is new and complete at its end is given out.
 */

export interface TextDecoderOfTokens {
  /** Text that this token completes; "" while a character is unfinished. */
  push(tokenId: number): string;
  /** What is still held back: U+FFFD for an unfinished character, else "". The sequence ends here. */
  flush(): string;
}

const REPLACEMENT = "\ufffd";
/** A character has at most 4 bytes, hence at most 4 tokens with text; twice that leaves room for tokens without. */
const WINDOW = 8;

/** `decode` must give a prefix of the text when given a prefix of the tokens, up to an unfinished last character. */
export function createTextDecoder(
  decode: (tokenIds: readonly number[]) => string,
  contextIds: readonly number[] = [],
): TextDecoderOfTokens {
  let window = contextIds.slice(-WINDOW);
  // Characters of the window's text that are given out. What the context left unfinished is gone, and stays so.
  let givenLength = decode(window).length;

  const give = (text: string): string => {
    const fresh = text.slice(givenLength);
    givenLength = Math.max(givenLength, text.length);
    return fresh;
  };
  return {
    push(tokenId) {
      window.push(tokenId);
      const fresh = give(complete(decode(window)));
      if (window.length >= 2 * WINDOW) {
        window = window.slice(-WINDOW);
        givenLength = complete(decode(window)).length;
      }
      return fresh;
    },
    flush() {
      const rest = give(decode(window));
      window = [];
      givenLength = 0;
      return rest;
    },
  };
}

/** Text without an unfinished last character. */
function complete(text: string): string {
  return text.endsWith(REPLACEMENT) ? text.slice(0, -1) : text;
}
