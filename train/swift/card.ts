/** The page beside a head: what it is, what it was made from, and every number of its training. */
import type { GeneratorInfo } from "#generator/engine/types.js";
import type { SwiftHead } from "#verifier/score/swift/head-file.js";
import { readsScalars } from "#verifier/score/swift/head.js";
import type { SwiftResult, TrainSwiftOptions } from "./main.js";

/** Markdown, with a newline at the end. */
export function cardOf(
  { model }: GeneratorInfo,
  head: Omit<SwiftHead, "name">,
  options: TrainSwiftOptions,
  result: SwiftResult,
): string {
  const rows = [...whatItIs(model, head), ...whatItSaw(options, result), ...howItWent(options, result)];
  return `# SWIFT head for ${model}

Made by

\`\`\`
${options.command}
\`\`\`

| | |
| --- | --- |
${rows.map(([name, value]) => `| ${name} | ${value} |`).join("\n")}

Ambiguous solutions (no answer, trailing text or a unit that the answer rules cannot tell) and unfinished ones are no
labels. The AUC within a problem is the mean over validation problems with right and wrong solutions; it is what choosing
among the candidates of one problem needs, and the AUC over all solutions is not: it also rewards knowing which problems
are hard. These problems chose the epoch, so the numbers flatter; measure on others.
`;
}

type Line = readonly [name: string, value: string];

function whatItIs(model: string, head: Omit<SwiftHead, "name">): Line[] {
  const { input, span, gate, provenance } = head;
  const reads =
    input.kind === "logits"
      ? "all raw logits"
      : `hidden states ${input.layers.join(", ")}${input.finalNorm ? ", each through the final norm" : ""}`;
  const { sampling } = provenance;
  const { temperature, topK = "off", topP, minP, repetitionPenalty } = sampling;
  return [
    ["policy", `${model}, ${provenance.precision}, ${provenance.modelHash}`],
    ["chat template", provenance.chatTemplateHash === "" ? "none, or not told" : provenance.chatTemplateHash],
    [
      "sampling",
      `temperature ${temperature}, top-k ${topK}, top-p ${topP}, min-p ${minP}, repetition penalty ${repetitionPenalty}`,
    ],
    ["reads", readsScalars({ ...head }) ? `${reads}; log-prob and two entropies` : reads],
    ["span", span === "response" ? "every sampled token" : "every sampled token but the first"],
    ["gate", gate === undefined ? "off" : "on"],
    [
      "parameters",
      String(
        [gate, head.reward].reduce(
          (sum, row) => sum + (row === undefined ? 0 : row.weights.length + row.scalars.length + 1),
          0,
        ),
      ),
    ],
  ];
}

function whatItSaw({ problems, rollouts }: TrainSwiftOptions, { labels, tokens }: SwiftResult): Line[] {
  const all = labels.right + labels.wrong + labels.ambiguous + labels.unfinished;
  return [
    ["problems", String(problems.length)],
    ["rollouts", `${rollouts.rollouts} each, at most ${rollouts.maxTokens} tokens, seed ${rollouts.seed}`],
    [
      "labels",
      `${labels.right} right, ${labels.wrong} wrong, ${labels.ambiguous} ambiguous, ${labels.unfinished} unfinished, of ${all}`,
    ],
    ["tokens", String(tokens)],
  ];
}

function howItWent({ head }: TrainSwiftOptions, result: SwiftResult): Line[] {
  const number = (value: number | undefined): string => value?.toFixed(4) ?? "not defined";
  const { rollouts, features, training } = result.seconds;
  return [
    [
      "training",
      `loss ${head.loss}, AdamW, rate ${result.learningRate}, weight decay ${head.weightDecay}, batch ${head.batchSize}, ${head.normalize ? "" : "not "}standardised, seed ${head.seed}`,
    ],
    [
      "split by problem",
      `${result.trainingProblems} to train, ${result.validationProblems} to validate and to stop`,
    ],
    ["epochs", `${result.epochs}, best ${result.bestEpoch} (patience ${head.patience})`],
    ["loss", `${number(result.trainLoss)} training, ${number(result.validationLoss)} validation`],
    [
      "validation AUC",
      `${number(result.validationAuc)} over all, ${number(result.validationAucWithin)} within a problem`,
    ],
    [
      "time",
      `${rollouts.toFixed(1)} s rollouts, ${features.toFixed(1)} s features, ${training.toFixed(1)} s training`,
    ],
  ];
}
