/**
 * `npm run bench -- cards`: copies the measured tables into the model cards and the README, between their markers, so
 * that no number there is typed by hand.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "#shared/rpc/package-root.js";
import { RESULTS_DIR } from "#train/paths.js";
import {
  aucSection as toSwiftAuc,
  endToEndSection as toSwiftRace,
  heading as toSwiftHeading,
  toSections as toSwiftSections,
} from "#train/evaluation/swift/markdown.js";
import type { SwiftReport } from "#train/evaluation/swift/report.js";
import {
  accuracySection,
  autoSection,
  heading as strategiesHeading,
  trustSection,
} from "#train/strategies/report/markdown.js";
import type { StrategiesReport } from "#train/strategies/report/report.js";
import { comparisonSection } from "../engine/markdown.js";
import type { EngineReport } from "../engine/report.js";
import { type PrecisionReport, precisionHeading, precisionTable } from "../precision/report.js";
import { aucSection, backboneSection, choiceSection, heading, policySection } from "./markdown.js";
import type { ModelsReport } from "./report.js";

/** Tables stand between `<!-- name -->` and `<!-- /name -->`. */
type Marker = "measured" | "precision" | "strategies" | "swift";

const ROLLOUTS = 16;

function policyCard(report: ModelsReport): string[] {
  return [heading(report), policySection(report), choiceSection(report, ROLLOUTS), aucSection(report)];
}

function prmCard(report: ModelsReport, strategies: StrategiesReport): string[] {
  return [
    heading(report),
    "Choosing among the same 16 rollouts of the policy:",
    choiceSection(report, ROLLOUTS),
    "What tells right from wrong:",
    aucSection(report),
    "The PRM's own language model as the policy, for the FLOPs that the policy and the PRM spend on 16 candidates:",
    backboneSection(report),
    "Strategies through both services, at equal tokens of both models.",
    strategiesHeading(strategies),
    accuracySection(strategies, "tokens"),
  ];
}

function servingLine({ shipped, machine, command }: EngineReport): string {
  const { model, serving, tokens } = shipped;
  const rates = serving.map((each) => `${each.tokensPerSecond.toFixed(0)} at ${each.candidates}`).join(", ");
  const widest = serving.at(-1)!;
  return (
    `The policy (${(model.parameters / 1e6).toFixed(2)} million parameters, ${model.precision}) writes ${rates} candidates (tokens/s, sampling included); ` +
    `${(100 * widest.outsideRun).toFixed(1)} % of the engine's time at ${widest.candidates} is outside ONNX Runtime (bookkeeping around many small tensors; a step of so small a model takes about a millisecond), and the thread that talks gRPC was never held longer than ${Math.max(...serving.map((each) => each.longestLoopDelayMs)).toFixed(0)} ms. ` +
    `The PRM runs ${tokens.prmTokensPerNewToken.toFixed(3)} tokens per new step token; ${tokens.reprefilledTokens} tokens are run again after forks and prunes. ` +
    `(\`${command}\`, ${machine})`
  );
}

function engineLine({ model, machine, threads, command, engines }: EngineReport): string {
  const versions = Object.entries(
    Object.assign({}, ...engines.map((each) => each.versions)) as Record<string, string>,
  );
  return (
    `The engine against others on ${model} (${machine}, ${threads} threads${versions.map(([name, version]) => `, ${name} ${version}`).join("")}; ` +
    `median and spread in milliseconds, decoding per step of all candidates; \`${command}\`, all of it in \`bench/results/engine.md\`):`
  );
}

/** Strategies at equal compute on the shipped pair. */
function strategiesSections(report: StrategiesReport): string[] {
  return [
    strategiesHeading(report),
    accuracySection(report, "tokens"),
    "AUTO against each, paired by problem:",
    autoSection(report, "tokens"),
    "The same for the FLOPs that majority voting pays for those tokens; here the PRM's price counts in full:",
    accuracySection(report, "flops"),
    "How far confidence can be trusted, and what tells how hard a problem is:",
    trustSection(report),
  ];
}

/** SWIFT on the two policies that it was measured on, shortly: what tells right from wrong, and the race. */
function swiftSections(authors: SwiftReport, smollm2: SwiftReport): string[] {
  return [
    toSwiftHeading(authors),
    toSwiftAuc(authors),
    ...(authors.endToEnd === undefined ? [] : [toSwiftRace(authors.endToEnd)]),
    toSwiftHeading(smollm2),
    toSwiftAuc(smollm2),
  ];
}

async function replace(file: string, marker: Marker, sections: readonly string[]): Promise<void> {
  const path = join(packageRoot, file);
  const text = await readFile(path, "utf8");
  const [start, end] = [`<!-- ${marker} -->`, `<!-- /${marker} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} must hold ${start} and ${end}, in this order`);
  const body = `${text.slice(0, from + start.length)}\n\n${sections.join("\n\n")}\n\n${text.slice(to)}`;
  await writeFile(path, body);
}

export async function runCards(): Promise<void> {
  const read = async <T>(name: string): Promise<T> =>
    JSON.parse(await readFile(join(RESULTS_DIR, name), "utf8")) as T;
  const models = await read<ModelsReport>("models.json");
  const engine = await read<EngineReport>("engine.json");
  const precision = await read<PrecisionReport>("precision.json");
  const strategies = await read<StrategiesReport>("strategies/report.json");
  await replace("models/policy/README.md", "measured", policyCard(models));
  await replace("models/prm/README.md", "measured", prmCard(models, strategies));
  const [authors, smollm2] = [
    await read<SwiftReport>("swift-authors/report.json"),
    await read<SwiftReport>("swift-smollm2/report.json"),
  ];
  await replace("models/policy-authors/README.md", "measured", toSwiftSections(authors));
  await replace("README.md", "swift", swiftSections(authors, smollm2));
  await replace("README.md", "strategies", strategiesSections(strategies));
  await replace("README.md", "precision", [
    precisionHeading(precision),
    precisionTable(precision, precision.texts[0]!),
  ]);
  await replace("README.md", "measured", [
    servingLine(engine),
    engineLine(engine),
    ...["fp32", "int8", "int4"].map((name) => comparisonSection(engine, name)),
  ]);
}
