/** What Best-of-N through both services came to; `cli/bench/end-to-end.ts` measures it. */
import type { Interval } from "#shared/stats.js";

export interface EndToEndRow {
  readonly verifier: string;
  readonly accuracy: Interval;
  /** Paired, over problems. */
  readonly againstFirst: Interval;
  /** Of a Solve. */
  readonly wallMs: { readonly median: number; readonly p95: number };
  /** How many times as fast as the first verifier, by the ratio of a problem's times. */
  readonly speedup: Interval;
  readonly verifierTokens: number;
  readonly gflops: number;
}

export interface EndToEnd {
  readonly problems: number;
  readonly candidates: number;
  readonly temperature: number;
  /** Problems for which all verifiers saw the same texts; anything less than all is a fault. */
  readonly sameCandidates: number;
  readonly rows: readonly EndToEndRow[];
}
