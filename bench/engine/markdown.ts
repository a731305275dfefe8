/** The engine's report as Markdown tables: every cell is a median with its spread. */
import type { Cell } from "./cell.js";
import type { Measured } from "./compare.js";
import type { SlopePoint } from "./own.js";
import type { EngineReport } from "./report.js";

type MeasuredCell = Measured["cells"][string];

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(header), row(header.map(() => "---")), ...rows.map(row)].join("\n");
const digits = (value: number): string => value.toFixed(value < 100 ? 1 : 0);
const spread = ({ median, min, max, disturbed }: Cell): string =>
  `${digits(median)} (${digits(min)}-${digits(max)})${disturbed ? " !" : ""}`;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

export const OURS = "deliberate";
export const SERVED = "deliberate, served";
/** What the issue asks for, by the start of a row's name and the peer: theirs / ours in time, at least. */
const AIMS: readonly (readonly [row: string, engine: string, ratio: number])[] = [
  ["decode, 1 ", "node-llama-cpp", 1],
  ["decode, 16 ", "node-llama-cpp", 1.5],
  ["decode, 16 ", "transformers.js", 3],
  ["prefill", "node-llama-cpp", 1],
  ["prefill", "transformers.js", 1],
];

/** `of` a precision: rows are the measurements, columns our model, our service, and each peer with its ratio to ours. */
export function comparisonSection({ engines }: EngineReport, precision: string): string {
  const columns = engines.filter((each) => each.precision === precision);
  const ours = columns.find(({ engine }) => engine === OURS)!;
  const peers = columns.filter(({ engine }) => engine !== OURS && engine !== SERVED);
  const served = columns.find(({ engine }) => engine === SERVED);
  const header = [
    precision,
    "ours, ms",
    "ours, tokens/s",
    ...(served === undefined ? [] : ["served, tokens/s"]),
    ...peers.flatMap(({ engine, format }) => [`${engine} ${format}, ms`, "tokens/s", "ours is faster by"]),
  ];
  const rows = Object.keys(ours.cells).map((name) => {
    const own = ours.cells[name]!;
    return [
      name,
      spread(own),
      digits(own.tokensPerSecond),
      ...(served === undefined ? [] : [digits(served.cells[name]!.tokensPerSecond)]),
      ...peers.flatMap(({ engine, cells }) => peerCells(name, engine, cells[name]!, own)),
    ];
  });
  return table(header, rows);
}

function peerCells(name: string, engine: string, theirs: MeasuredCell, ours: MeasuredCell): string[] {
  const ratio = theirs.median / ours.median;
  const aim = AIMS.find(([start, peer]) => name.startsWith(start) && peer === engine)?.[2];
  const met = ratio >= (aim ?? 0) ? "met" : "missed";
  // No verdict from times that others spoiled.
  const verdict = aim === undefined ? "" : ` (aim ${aim}: ${theirs.disturbed || ours.disturbed ? "?" : met})`;
  return [spread(theirs), digits(theirs.tokensPerSecond), `${ratio.toFixed(2)}x${verdict}`];
}

const memorySection = ({ engines }: EngineReport): string =>
  table(
    ["engine", "format", "start-up, ms", "RSS when loaded, MiB", "peak RSS, MiB"],
    engines.map(({ engine, format, startMs, loadedRssBytes, peakRssBytes }) => [
      engine,
      format,
      spread(startMs),
      mib(loadedRssBytes),
      mib(peakRssBytes),
    ]),
  );

const agreementSection = ({ agreement }: EngineReport): string =>
  table(
    ["engine", "format", "greedy tokens equal to our fp32"],
    agreement.map(({ engine, format, equalTokens, of }) => [engine, format, `${equalTokens} of ${of}`]),
  );

function drivenSection({ engines, tuning }: EngineReport): string {
  const seen = new Map(engines.map(({ engine, format, settings }) => [`${engine} ${format}`, settings]));
  const lines = [...seen]
    .filter(([, settings]) => settings !== "")
    .map(([name, text]) => `- ${name}: ${text}`);
  const tried = Object.entries(tuning)
    .filter(([, { tried: all }]) => all.length > 0)
    .map(
      ([format, { tried: all }]) =>
        `- tried for node-llama-cpp ${format}, ms of a step of 16: ${all
          .map(
            ({ flashAttention, drive, stepMs }) =>
              `${drive}, flash ${flashAttention ? "on" : "off"} ${digits(stepMs)}`,
          )
          .join("; ")}`,
    );
  return [...lines, ...tried].join("\n");
}

const overheadSection = ({ own }: EngineReport): string =>
  table(
    ["precision", "candidates", "outside session.run (aim: at most 10 %)"],
    own.overhead.map(({ precision, rows, outsideRun }) => [precision, String(rows), percent(outsideRun)]),
  );

const gapSection = ({ own }: EngineReport): string =>
  table(
    [
      "precision",
      "alone: median, longest",
      "longest while the prompt arrives",
      "the prompt opens in",
      "tokens meanwhile",
    ],
    Object.entries(own.gaps).map(([precision, gap]) => [
      precision,
      `${digits(gap.aloneMedianMs)}, ${digits(gap.aloneLongestMs)} ms`,
      `${digits(gap.longestMs)} ms`,
      `${digits(gap.openMs)} ms`,
      String(gap.tokensMeanwhile),
    ]),
  );

const mixedSection = ({ own }: EngineReport): string =>
  table(
    ["precision", "one batch, ms a step", "one run per prompt, ms a step"],
    Object.entries(own.mixed).map(([precision, { together, onePromptAtATime }]) => [
      precision,
      spread(together),
      spread(onePromptAtATime),
    ]),
  );

const slopeSection = (points: readonly SlopePoint[]): string =>
  table(
    ["model", "context", "candidates", "ms a step", "tokens/s"],
    points.map(({ model, parameters, context, candidates, stepMs, tokensPerSecond }) => [
      `${model} (${(parameters / 1e6).toFixed(1)}M)`,
      String(context),
      String(candidates),
      spread(stepMs),
      digits(tokensPerSecond),
    ]),
  );

const profileSection = ({ own }: EngineReport): string =>
  own.profiles
    .map(({ precision, rows, outsideRun, lines }) => {
      const list = lines.slice(0, 12).map(({ where, share }) => [where, percent(share)]);
      return `${precision}, ${rows} candidates, ${percent(outsideRun)} outside session.run:\n\n${table(["self time", "share"], list)}`;
    })
    .join("\n\n");

export function toMarkdown(report: EngineReport): string {
  const { command, machine, model, rounds, threads, seconds, engines, skipped, own } = report;
  const versions = Object.entries(
    Object.assign({}, ...engines.map((each) => each.versions)) as Record<string, string>,
  );
  const dropped = engines.reduce(
    (sum, { cells }) => sum + Object.values(cells).reduce((all, cell) => all + cell.dropped, 0),
    0,
  );
  const sections = [
    "# The engine's speed",
    `Measured by \`${command}\` in ${seconds} s: ${model}, ${machine}, ${threads} threads${versions.map(([name, version]) => `, ${name} ${version}`).join("")}. ` +
      `${rounds} rounds, in each of which every engine runs once in a process of its own. Cells are medians (lowest-highest) of milliseconds; ` +
      `${dropped} samples are left out because others used more than 15 % of the machine; ! marks cells of which none was undisturbed.`,
    ...Object.entries(skipped).map(([peer, reason]) => `Not measured: ${peer} (${reason}).`),
    "Decoding: milliseconds a step of all candidates of one prompt; other rows: the whole work. What the rows write is given, and every engine finds the likeliest next token of each row in each step. The served engine samples at temperature 1; its beam search writes steps of its own length, so only its tokens/s compare.",
    ...["fp32", "int8", "int4"].map((precision) => comparisonSection(report, precision)),
    "## How the peers were driven",
    drivenSection(report),
    "## The same model",
    agreementSection(report),
    "## Memory and start-up",
    memorySection(report),
    "## Outside ONNX Runtime",
    overheadSection(report),
    profileSection(report),
    "## A long prompt arrives while another request runs",
    gapSection(report),
    "## Four prompts of four candidates each",
    mixedSection(report),
    "## Slopes",
    slopeSection(own.slopes.candidates),
    slopeSection(own.slopes.contexts),
    slopeSection(own.slopes.models),
  ];
  return `${sections.join("\n\n")}\n`;
}
