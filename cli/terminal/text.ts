/** Text fitted into terminal columns. Widths count columns: 2 for wide East Asian characters and emoji, 0 for combining marks. */

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
// oxlint-disable-next-line no-control-regex -- terminal colours are control characters
const ANSI = /\u001B\[[0-9;]*m/g;
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6])/u;

/** No line shows more of a text; cleaning more than this would only take time. */
const MAX_LINE_CHARACTERS = 4_000;

/** One line of printable text: a model or a caller may write control characters, which must not reach the terminal. */
export function toPlainLine(text: string): string {
  return (
    text
      .slice(0, MAX_LINE_CHARACTERS)
      .trim()
      .replaceAll(/\s*\n\s*/g, " ⏎ ")
      // oxlint-disable-next-line no-control-regex -- these are the characters to remove
      .replaceAll(/[\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]/g, " ")
      .trim()
  );
}

/** Columns that text takes; colour codes take none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text.replaceAll(ANSI, ""))) width += widthOf(segment);
  return width;
}

function widthOf(grapheme: string): number {
  if (/^\p{Mark}/u.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

/** Cuts plain text (no colours) to `columns`, with an ellipsis where something is missing. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    const next = width + widthOf(segment);
    if (next > columns - 1) break;
    kept += segment;
    width = next;
  }
  return columns < 1 ? "" : `${kept.trimEnd()}…`;
}

/** Pads with spaces on the right to `columns`. */
export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - displayWidth(text)));
}

/** Pads with spaces on the left to `columns`. */
export function padStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - displayWidth(text))) + text;
}

/** Breaks plain text at spaces into lines of at most `columns`; a longer word is cut into pieces. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (displayWidth(joined) <= columns) {
      line = joined;
      continue;
    }
    if (line !== "") lines.push(line);
    const pieces = cut(word, columns);
    line = pieces.pop()!;
    lines.push(...pieces);
  }
  return line === "" && lines.length > 0 ? lines : [...lines, line];
}

function cut(word: string, columns: number): string[] {
  const pieces = [""];
  for (const { segment } of segmenter.segment(word)) {
    const last = pieces.length - 1;
    if (displayWidth(pieces[last]! + segment) > columns) pieces.push(segment);
    else pieces[last] += segment;
  }
  return pieces;
}
