/** Runs every engine once a round, each in a process of its own and never two at a time. */
import { type Cell, type Sample, MAX_FOREIGN, summarise } from "./cell.js";
import { startContestant } from "./child-process.js";
import type { Progress } from "../progress.js";
import { type TableRow, valueOf } from "./rows-of-table.js";

export interface Entry {
  /** What it is called in the tables. */
  readonly engine: string;
  /** Ours that it is compared with: "fp32", "int8" or "int4". */
  readonly precision: string;
  /** The precision as the engine calls it. */
  readonly format: string;
  readonly script: string;
  readonly setup: unknown;
}

export interface Measured {
  readonly engine: string;
  readonly precision: string;
  readonly format: string;
  readonly settings: string;
  readonly versions: Readonly<Record<string, string>>;
  /** By the name of the row. */
  readonly cells: Readonly<Record<string, Cell & { readonly tokensPerSecond: number }>>;
  /** From the start of the process until the model could run; the first start, which may fill a cache, apart. */
  readonly startMs: Cell;
  readonly loadedRssBytes: number;
  readonly peakRssBytes: number;
  /** Its greedy continuation of the checked prompt. */
  readonly greedy: readonly number[];
}

export interface CompareOptions {
  readonly rounds: number;
  readonly rows: readonly TableRow[];
  /** Prompt whose greedy continuation is compared, and its length. */
  readonly check: { readonly prompt: readonly number[]; readonly length: number };
}

interface Collected {
  settings: string;
  versions: Readonly<Record<string, string>>;
  greedy: readonly number[];
  loadedRssBytes: number;
  peakRssBytes: number;
  readonly starts: Sample[];
  readonly samples: Map<TableRow, Sample[]>;
}

export async function compare(
  entries: readonly Entry[],
  { rounds, rows, check }: CompareOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<readonly Measured[]> {
  const collected = entries.map(() => newCollected(rows));
  const total = rounds * entries.length;
  for (let round = 0; round < rounds; round++) {
    for (const [i, entry] of entries.entries()) {
      progress(round * entries.length + i, total);
      await runOnce(entry, rows, collected[i]!, round === 0 ? check : undefined, signal);
    }
  }
  progress(total, total);
  return entries.map((entry, i) => summariseEntry(entry, rows, collected[i]!));
}

const newCollected = (rows: readonly TableRow[]): Collected => ({
  settings: "",
  versions: {},
  greedy: [],
  loadedRssBytes: 0,
  peakRssBytes: 0,
  starts: [],
  samples: new Map(rows.map((row) => [row, []])),
});

async function runOnce(
  { script, setup }: Entry,
  rows: readonly TableRow[],
  into: Collected,
  check: CompareOptions["check"] | undefined,
  signal: AbortSignal,
): Promise<void> {
  const contestant = await startContestant(script, setup, signal);
  try {
    const { settings, versions, startMs, rssBytes } = contestant.report;
    Object.assign(into, { settings, versions, loadedRssBytes: Math.max(into.loadedRssBytes, rssBytes) });
    into.starts.push({ ms: startMs, steps: 0, tokens: 0, foreign: 0 });
    if (check !== undefined) into.greedy = await contestant.greedy(check.prompt, check.length);
    // What runs first pays for everything that is allocated once.
    await contestant.run(rows.find(({ task }) => task.kind === "prefill")!.task);
    for (const row of rows) {
      for (let i = 0; i < row.samples; i++) {
        const sample = await contestant.run(row.task);
        // A disturbed sample gets a second chance, once.
        into.samples
          .get(row)!
          .push(...(sample.foreign > MAX_FOREIGN ? [sample, await contestant.run(row.task)] : [sample]));
      }
    }
    into.peakRssBytes = Math.max(into.peakRssBytes, await contestant.end());
  } finally {
    contestant.kill();
  }
}

function summariseEntry(entry: Entry, rows: readonly TableRow[], collected: Collected): Measured {
  const { settings, versions, greedy, loadedRssBytes, peakRssBytes, starts, samples } = collected;
  const cells = rows.map((row) => {
    const all = samples.get(row)!;
    const cell = summarise(all, (sample) => valueOf(row, sample));
    const { median: tokensPerSecond } = summarise(all, ({ tokens, ms }) => (1000 * tokens) / ms);
    return [row.name, { ...cell, tokensPerSecond }] as const;
  });
  const { engine, precision, format } = entry;
  const later = starts.length > 1 ? starts.slice(1) : starts;
  return {
    engine,
    precision,
    format,
    settings,
    versions,
    loadedRssBytes,
    peakRssBytes,
    greedy,
    cells: Object.fromEntries(cells),
    startMs: summarise(later, ({ ms }) => ms),
  };
}
