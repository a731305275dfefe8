/** Flags that are words, lists, addresses or texts. */
import { InvalidArgumentError } from "commander";

export const STRATEGIES = [
  "auto",
  "greedy",
  "majority",
  "bon",
  "beam",
  "dvts",
  "early-rejection",
  "rebase",
  "particle-filtering",
] as const;
export const VERIFIERS = ["prm", "swift", "rank", "scaled", "none"] as const;
export const PRECISIONS = ["fp32", "int8", "int4"] as const;

/** Whole numbers and ranges: `3`, `1-6`, `1,3,5-6`; each from `min` to `max`, kept once, ascending. */
export function integerSet(min: number, max: number): (text: string) => number[] {
  return (text) => {
    const found = new Set<number>();
    for (const part of text.split(",")) {
      const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
      const first = Number(match?.[1] ?? Number.NaN);
      const last = Number(match?.[2] ?? first);
      if (!(first >= min && last <= max && first <= last))
        throw new InvalidArgumentError(
          `It must be numbers or ranges from ${min} to ${max}, such as ${min}-${max} or ${min},${max}.`,
        );
      for (let value = first; value <= last; value++) found.add(value);
    }
    return [...found].sort((a, b) => a - b);
  };
}

/** `HOST:PORT`, `[::1]:PORT`. */
export function parseTarget(text: string): string {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[2] ?? 0);
  if (match === null || port < 1 || port > 65_535)
    throw new InvalidArgumentError("It must be HOST:PORT, such as localhost:50051 or [::1]:50051.");
  return text.trim();
}

/** A text in which `\n`, `\t` and `\\` stand for what they mean, so that a shell needs no tricks. Not empty. */
export function parseEscapedText(text: string): string {
  const meanings: Readonly<Record<string, string>> = { n: "\n", t: "\t", "\\": "\\" };
  const value = text.replaceAll(/\\([nt\\])/g, (_, letter: string) => meanings[letter]!);
  if (value === "") throw new InvalidArgumentError("It must not be empty.");
  return value;
}

const MAX_STOPS = 8;
const MAX_STOP_CHARACTERS = 64;

/** Collects a repeated `--stop`. */
export function collectStop(text: string, previous: readonly string[] = []): string[] {
  const value = parseEscapedText(text);
  if (value.length > MAX_STOP_CHARACTERS || previous.length === MAX_STOPS)
    throw new InvalidArgumentError(
      `At most ${MAX_STOPS} stop strings of at most ${MAX_STOP_CHARACTERS} characters each.`,
    );
  return [...previous, value];
}
