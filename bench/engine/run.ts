/**
 * `npm run bench -- engine`: our engine against node-llama-cpp and transformers.js on the same weights in one run, and
 * what only ours is asked. Writes bench/results/engine.json and engine.md.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Checkpoint, loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createLanguageModel, type ModelSource } from "#shared/lm/runtime/language-model.js";
import type { LanguageModel, Precision } from "#shared/lm/types.js";
import { packageRoot } from "#shared/rpc/package-root.js";
import { CACHE_DIR } from "#train/open-models.js";
import { RESULTS_DIR } from "#train/paths.js";
import { createProgress } from "../progress.js";
import { measureShipped } from "../serving.js";
import { type CompareOptions, type Entry, compare } from "./compare.js";
import { toMarkdown } from "./markdown.js";
import { type Gap, measureGap, measureMixedPrompts, measureOverhead, measurePoint } from "./own.js";
import {
  findGguf,
  installPeers,
  isInstalled,
  type Peer,
  type PeerFiles,
  preparePeerFiles,
  SCRIPTS,
} from "./peers.js";
import { type EngineProfile, profileEngine } from "./profile.js";
import { type EngineReport, type OwnReport, sameAsOurs } from "./report.js";
import { tableRows } from "./rows-of-table.js";
import { openServed } from "./served.js";
import { type BenchSettings, FULL, QUICK } from "./settings.js";
import { smallModel } from "./small-model.js";
import { tuneLlama, USUALLY_FASTEST } from "./tune-llama.js";

export interface EngineBenchOptions {
  /** A checkpoint that has a GGUF file, or the file. */
  readonly policy?: string;
  readonly threads: number;
  readonly peers: "none" | "all" | Peer;
  readonly quick: boolean;
  readonly profile: boolean;
}

const MODEL = join(packageRoot, "../shared/models/smollm2-135m-instruct");
const STORIES = join(packageRoot, "../shared/models/stories260K");
const PRECISIONS: readonly Precision[] = ["fp32", "int8", "int4"];
const CHECKED_TOKENS = 24;
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export async function runEngine(options: EngineBenchOptions, signal: AbortSignal): Promise<void> {
  const { policy = MODEL, threads, quick } = options;
  const settings = quick ? QUICK : FULL;
  const checkpoint = await loadCheckpoint(policy, signal);
  const text = await benchText(checkpoint, 4096);
  if (options.profile) {
    for (const precision of PRECISIONS)
      process.stdout.write(
        `${JSON.stringify(await profileOf(checkpoint, precision, options, text, settings), undefined, 1)}\n`,
      );
    return;
  }
  const started = performance.now();
  const { peers, skipped } = await choosePeers(options, signal);
  const gguf = await findGguf(policy);
  if (gguf === undefined && peers.length > 0)
    throw new Error(`${policy} must hold a GGUF file for the peers; give another one or --peers none`);
  const check = { prompt: checkPrompt(checkpoint), length: CHECKED_TOKENS };
  const compared = await comparison(
    { policy, threads, peers, text, settings, check, ...(gguf !== undefined && { gguf }) },
    signal,
  );
  const own = await measureOwn(checkpoint, { policy, threads, text, settings }, signal);
  const shipped = await measureShipped({ threads, quick }, signal);
  const report: EngineReport = {
    command: commandOf(options),
    machine: machine(),
    model: checkpoint.name,
    threads,
    rounds: settings.rounds,
    seconds: Math.round((performance.now() - started) / 1000),
    skipped,
    ...compared,
    agreement: sameAsOurs(compared.engines),
    own,
    shipped,
  };
  await mkdir(RESULTS_DIR, { recursive: true });
  // A quick look must not replace a measurement.
  const name = quick ? "engine-quick" : "engine";
  const target = quick ? await mkdtemp(join(tmpdir(), "deliberate-bench-")) : RESULTS_DIR;
  await writeFile(join(target, `${name}.json`), `${JSON.stringify(report, undefined, 1)}\n`);
  await writeFile(join(target, `${name}.md`), toMarkdown(report));
  process.stdout.write(`${toMarkdown(report)}\nwritten to ${join(target, name)}.json and .md\n`);
}

function commandOf({ policy, threads, peers, quick }: EngineBenchOptions): string {
  // By its name alone: where it lies is this machine's matter, and the result is committed.
  const where = policy === undefined ? "" : ` --policy ${basename(policy)}`;
  return `npm run bench -- engine --threads ${threads} --peers ${peers}${quick ? " --quick" : ""}${where}`;
}

const machine = (): string => {
  const all = cpus();
  return `${all.length} x ${all[0]?.model.trim() ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
};

async function choosePeers(
  { peers, quick }: EngineBenchOptions,
  signal: AbortSignal,
): Promise<{ peers: readonly Peer[]; skipped: Readonly<Record<string, string>> }> {
  const wanted: readonly Peer[] =
    peers === "all" ? ["llama", "transformers"] : peers === "none" ? [] : [peers];
  const missing: Peer[] = [];
  for (const peer of wanted) if (!(await isInstalled(peer))) missing.push(peer);
  if (missing.length === 0) return { peers: wanted, skipped: {} };
  let reason = "not installed; a run without --quick installs it";
  if (!quick) {
    try {
      await installPeers(signal);
      return { peers: wanted, skipped: {} };
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  process.stderr.write(`without ${missing.join(" and ")}: ${reason}\n`);
  return {
    peers: wanted.filter((peer) => !missing.includes(peer)),
    skipped: Object.fromEntries(missing.map((peer) => [peer, reason])),
  };
}

interface ComparisonOptions {
  readonly policy: string;
  readonly threads: number;
  readonly peers: readonly Peer[];
  readonly gguf?: string;
  readonly text: readonly number[];
  readonly settings: BenchSettings;
  readonly check: CompareOptions["check"];
}

async function comparison(
  { policy, threads, peers, gguf, text, settings, check }: ComparisonOptions,
  signal: AbortSignal,
): Promise<Pick<EngineReport, "engines" | "tuning">> {
  const files =
    gguf === undefined || peers.length === 0 ? undefined : await preparePeerFiles(policy, gguf, peers);
  const tuning: Record<string, EngineReport["tuning"][string]> = {};
  if (files !== undefined && peers.includes("llama")) {
    const prompt = text.slice(0, settings.promptTokens);
    const progress = createProgress("tuning node-llama-cpp");
    for (const [i, precision] of PRECISIONS.entries()) {
      progress(i, PRECISIONS.length);
      const { path, format } = files.gguf[precision];
      tuning[format] = settings.tune ? await tuneLlama(path, threads, prompt, signal) : USUALLY_FASTEST;
    }
  }
  const entries = PRECISIONS.flatMap((precision) => [
    ...ours(policy, precision, threads),
    ...(files === undefined ? [] : theirs(files, precision, threads, peers, tuning)),
  ]);
  const rows = tableRows(settings, text);
  const progress = createProgress("engines");
  return {
    engines: await compare(entries, { rounds: settings.rounds, rows, check }, progress, signal),
    tuning,
  };
}

function ours(policy: string, precision: Precision, threads: number): Entry[] {
  const setup = { checkpoint: policy, precision, threads, cacheDir: CACHE_DIR };
  return [
    { engine: "deliberate", precision, format: precision, script: script("./ours-process.js"), setup },
    {
      engine: "deliberate, served",
      precision,
      format: precision,
      script: script("./served-process.js"),
      setup,
    },
  ];
}

function theirs(
  files: PeerFiles,
  precision: Precision,
  threads: number,
  peers: readonly Peer[],
  tuning: EngineReport["tuning"],
): Entry[] {
  const entries: Entry[] = [];
  if (peers.includes("llama")) {
    const { path, format } = files.gguf[precision];
    const { flashAttention, drive } = tuning[format]!;
    const setup = { gguf: path, threads, flashAttention, drive };
    entries.push({ engine: "node-llama-cpp", precision, format, script: SCRIPTS.llama, setup });
  }
  if (peers.includes("transformers") && precision !== "int8") {
    const onnx = files.onnx[precision];
    const setup = { ...onnx, threads };
    entries.push({
      engine: "transformers.js",
      precision,
      format: onnx.dtype,
      script: SCRIPTS.transformers,
      setup,
    });
  }
  return entries;
}

/** Ordinary English, the same for everybody: the licence that comes with the package, from its first word on. */
async function benchText(checkpoint: Checkpoint, tokens: number): Promise<readonly number[]> {
  const licence = await readFile(join(packageRoot, "LICENSE"), "utf8");
  const text = licence.repeat(3);
  return checkpoint.tokenizer.encode(text, { addSpecialTokens: false }).slice(0, tokens);
}

function checkPrompt({ tokenizer, chatTemplate }: Checkpoint): readonly number[] {
  const question = "What is the capital of France, and what is it known for?";
  const messages = [{ role: "user", content: question } as const];
  const text = chatTemplate === undefined ? question : chatTemplate.render(messages, true);
  return tokenizer.encode(text, { addSpecialTokens: false });
}

interface OwnOptions {
  readonly policy: string;
  readonly threads: number;
  readonly text: readonly number[];
  readonly settings: BenchSettings;
}

async function measureOwn(
  checkpoint: Checkpoint,
  options: OwnOptions,
  signal: AbortSignal,
): Promise<OwnReport> {
  const { policy, threads, text, settings } = options;
  const prompt = text.slice(0, settings.promptTokens);
  const longPrompt = text.slice(0, settings.longPromptTokens);
  const progress = createProgress("ours alone");
  const total = 2 * PRECISIONS.length + 2;
  let done = 0;
  const overhead = [];
  const gaps: Record<string, Gap> = {};
  const mixed: Record<string, OwnReport["mixed"][string]> = {};
  const profiles: EngineProfile[] = [];
  for (const precision of PRECISIONS) {
    const engine = await openServed({ checkpoint: policy, precision, threads, cacheDir: CACHE_DIR });
    try {
      await measureOverhead(engine, prompt, 16, 4);
      overhead.push({ precision, ...(await measureOverhead(engine, prompt, 16, settings.newTokens)) });
      gaps[precision] = await measureGap(engine, prompt, longPrompt);
    } finally {
      await engine.dispose();
    }
    progress(++done, total);
    mixed[precision] = await withModel(checkpoint, precision, threads, (model) =>
      measureMixedPrompts(model, text, settings.promptTokens, settings.newTokens, settings.ownSamples),
    );
    profiles.push(await profileOf(checkpoint, precision, options, text, settings));
    progress(++done, total);
    signal.throwIfAborted();
  }
  const slopes = await measureSlopes(checkpoint, options, () => progress(++done, total));
  return { overhead, gaps, mixed, profiles, slopes };
}

async function profileOf(
  checkpoint: Checkpoint,
  precision: Precision,
  { threads }: { readonly threads: number },
  text: readonly number[],
  settings: BenchSettings,
): Promise<EngineProfile> {
  const model = await createLanguageModel(checkpoint, { precision, threads, cacheDir: CACHE_DIR });
  return profileEngine(checkpoint, model, text.slice(0, settings.promptTokens), 2 * settings.newTokens);
}

async function withModel<T>(
  source: ModelSource,
  precision: Precision,
  threads: number,
  work: (model: LanguageModel) => Promise<T>,
  cacheDir = CACHE_DIR,
): Promise<T> {
  const model = await createLanguageModel(source, { precision, threads, cacheDir });
  try {
    return await work(model);
  } finally {
    await model.dispose();
  }
}

/** Candidates and contexts on the model itself at int8, the fastest for many rows; then sizes of model, at fp32. */
async function measureSlopes(
  checkpoint: Checkpoint,
  { threads, text, settings }: OwnOptions,
  step: () => void,
): Promise<OwnReport["slopes"]> {
  const { slopeCandidates, slopeContexts, ownSamples: samples, promptTokens } = settings;
  const tokens = settings.newTokens >> 1;
  const [candidates, contexts] = await withModel(checkpoint, "int8", threads, async (model) => {
    const points = (all: readonly { context: number; candidates: number }[]) =>
      inTurn(all, (point) => measurePoint(model, text, point, tokens, samples));
    return [
      await points(slopeCandidates.map((count) => ({ context: promptTokens, candidates: count }))),
      await points(slopeContexts.map((context) => ({ context, candidates: 16 }))),
    ] as const;
  });
  step();
  const cacheDir = await mkdtemp(join(tmpdir(), "deliberate-bench-"));
  try {
    const stories = await loadCheckpoint(STORIES).catch(() => undefined);
    const sources: ModelSource[] = [
      ...(stories === undefined ? [] : [stories]),
      smallModel(checkpoint.config),
      checkpoint,
    ];
    const models = await inTurn(sources, (source) =>
      withModel(
        source,
        "fp32",
        threads,
        (model) =>
          inTurn([1, 16], (count) =>
            measurePoint(model, text, { context: promptTokens, candidates: count }, tokens, samples),
          ),
        source === checkpoint ? CACHE_DIR : cacheDir,
      ),
    );
    step();
    return { candidates, contexts, models: models.flat() };
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
}

async function inTurn<A, B>(items: readonly A[], work: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}
