/**
 * GPT-2's printable stand-ins for the 256 bytes, as every byte-level `tokenizer.json` uses them: printable Latin-1 bytes
 * stand for themselves, the others for the code points from 256 on (a space becomes U+0120, a newline U+010A).
 */
export const BYTE_ALPHABET: readonly string[] = createAlphabet();

const encoder = new TextEncoder();

/** The stand-ins of `text`'s UTF-8 bytes. */
export function toByteAlphabet(text: string): string {
  let result = "";
  for (const byte of encoder.encode(text)) result += BYTE_ALPHABET[byte]!;
  return result;
}

function createAlphabet(): string[] {
  const alphabet: string[] = [];
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    alphabet.push(String.fromCharCode(printable ? byte : next++));
  }
  return alphabet;
}
