/** The last lines of a terminal, drawn again and again in place. Lines must already fit the width: a wrapped one would break the count. */

interface Sink {
  write(text: string): unknown;
}

export interface LiveRegion {
  /** Replaces what was drawn. */
  draw(lines: readonly string[]): void;
  /** Removes what was drawn. */
  clear(): void;
  /** Leaves what was drawn and shows the cursor again. Idempotent. */
  close(): void;
}

const HIDE_CURSOR = "\u001B[?25l";
const SHOW_CURSOR = "\u001B[?25h";
const CLEAR_TO_END = "\u001B[J";
const CLEAR_TO_LINE_END = "\u001B[K";

export function createLiveRegion(sink: Sink): LiveRegion {
  let height = 0;
  let hidden = false;
  const home = () => (height > 0 ? `\u001B[${height}A\r` : "\r");
  return {
    draw(lines) {
      const cursor = hidden ? "" : HIDE_CURSOR;
      hidden = true;
      // One write, and no clearing of the whole region first: neither flickers.
      const body = lines.map((line) => `${line}${CLEAR_TO_LINE_END}\n`).join("");
      sink.write(`${cursor}${home()}${body}${CLEAR_TO_END}`);
      height = lines.length;
    },
    clear() {
      // Line by line: tmux keeps a copy in its history of a screen that is cleared to its end from the top.
      if (height > 0) sink.write(`${home()}${`${CLEAR_TO_LINE_END}\n`.repeat(height)}${home()}`);
      height = 0;
    },
    close() {
      if (hidden) sink.write(SHOW_CURSOR);
      hidden = false;
      height = 0;
    },
  };
}
