/** Where a command writes: results to stdout, progress to stderr, and what each of them can show. */
import { createStyle, type Style } from "./style.js";

/** The part of a tty.WriteStream that is used. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface Terminal {
  /** A line of the result, on stdout. */
  result(line: string): void;
  /** A result for programs: one JSON object on one line of stdout. */
  event(value: object): void;
  /** A line about how it goes, on stderr. */
  note(line: string): void;
  /** Colours of stdout and of stderr. */
  readonly style: Style;
  readonly noteStyle: Style;
  /** stderr is a terminal whose lines may be drawn again. */
  readonly live: boolean;
  /** stderr itself, for live drawing. */
  readonly progress: OutputStream;
  /** Columns to use, of the narrower of both streams. */
  width(): number;
  /** Rows of the screen. */
  height(): number;
}

const MAX_COLUMNS = 100;

/** `environment` tells NO_COLOR (https://no-color.org) and TERM; both turn colours and redrawing off. */
export function createTerminal(
  out: OutputStream,
  err: OutputStream,
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  const plain = (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb";
  return {
    result: (line) => void out.write(`${line}\n`),
    event: (value) => void out.write(`${JSON.stringify(value)}\n`),
    note: (line) => void err.write(`${line}\n`),
    style: createStyle(out.isTTY === true && !plain),
    noteStyle: createStyle(err.isTTY === true && !plain),
    live: err.isTTY === true && !plain,
    progress: err,
    // A wider line than a hundred columns is hard to read, a narrower one than forty cannot hold the tree.
    width: () => Math.max(40, Math.min(MAX_COLUMNS, err.columns ?? out.columns ?? 80)),
    height: () => err.rows ?? out.rows ?? 24,
  };
}
