/** Numbers and names as people read them. */

const UNITS = ["", "k", "M", "G", "T", "P", "E"] as const;

/** `950`, `1.2k`, `35k`, `4.6G`: at most three digits. */
export function compactNumber(value: number): string {
  let scaled = value;
  let unit = 0;
  // 999.5 and above would round to four digits.
  while (Math.abs(scaled) >= 999.5 && unit < UNITS.length - 1) {
    scaled /= 1000;
    unit++;
  }
  const digits = unit > 0 && Math.abs(scaled) < 9.95 ? 1 : 0;
  return `${scaled.toFixed(digits)}${UNITS[unit]!}`;
}

/** `350 ms`, `4.2 s`, `2 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** `.93`: scores of many nodes stand in a column, so the zero is left out. */
export function score(value: number): string {
  if (value >= 0.995) return "1.0";
  return value.toFixed(2).slice(1);
}

/** A share in [0, 1] as whole per cent; only 0 and 1 themselves round to 0% and 100%. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return "<1%";
  if (share < 1 && share > 0.99) return ">99%";
  return `${Math.round(100 * share)}%`;
}

const PARTIAL_BLOCKS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/** A bar of `columns` at a share of 1, in eighths of a column. */
export function bar(share: number, columns: number): string {
  const eighths = Math.round(8 * columns * Math.min(1, Math.max(0, share)));
  return "█".repeat(Math.floor(eighths / 8)) + PARTIAL_BLOCKS[eighths % 8]!;
}

const STRATEGY_NAMES: Readonly<Record<string, string>> = {
  auto: "auto",
  greedy: "greedy",
  majority: "majority",
  bon: "best-of-N",
  beam: "beam search",
  dvts: "DVTS",
  "early-rejection": "early rejection",
  rebase: "REBASE",
  "particle-filtering": "particle filtering",
};

/** The name of a strategy in a sentence. */
export function strategyName(strategy: string): string {
  return STRATEGY_NAMES[strategy] ?? strategy;
}

const VERIFIER_NAMES: Readonly<Record<string, string>> = {
  rank: "rank-fused",
  scaled: "scale-fused",
};

/** Whose scores, in a sentence. */
export function verifierName(verifier: string): string {
  return VERIFIER_NAMES[verifier] ?? verifier;
}

/** `1 step`, `3 steps`. */
export function plural(count: number, noun: string): string {
  return `${compactNumber(count)} ${noun}${count === 1 ? "" : "s"}`;
}
