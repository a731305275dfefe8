/** What the generator tells about its engine, under which names. Numbers and the model's name; never what it reads or writes. */
import type { Metrics, Observed } from "#shared/telemetry/metrics.js";
import type { Engine, EngineStats } from "./engine/types.js";

export function observeEngine(metrics: Metrics, engine: Engine): void {
  const { model, precision, modelHash } = engine.info;
  metrics.observe(
    () => engine.stats(),
    [
      {
        kind: "gauge",
        name: "deliberate.generator.model.info",
        unit: "{model}",
        description: "The policy that is served; always 1.",
        read: () => [{ value: 1, attributes: { model, precision, model_hash: modelHash } }],
      },
      ...MEMORY,
      ...WORK,
      ...TOTALS,
    ],
  );
}

const MEMORY: readonly Observed<EngineStats>[] = [
  {
    kind: "gauge",
    name: "deliberate.generator.memory",
    unit: "By",
    description: "What takes the process's memory; activations are an estimate for the largest step.",
    read: ({ memory }) =>
      Object.entries({
        weights: memory.weightBytes,
        activations: memory.activationBytes,
        prefix_kv: memory.prefixKvBytes,
        suffix_kv: memory.suffixKvBytes,
        logits: memory.logitsBytes,
        slots: memory.slotBytes,
        prefix_cache: memory.prefixCacheBytes,
      }).map(([component, value]) => ({ value, attributes: { component } })),
  },
  {
    kind: "gauge",
    name: "deliberate.generator.kv.limit",
    unit: "By",
    description: "Most that all components but weights and activations may take together.",
    read: ({ memory }) => memory.limitBytes,
  },
  {
    kind: "gauge",
    name: "deliberate.generator.kv.utilization",
    unit: "1",
    description: "What sessions hold of the limit; prompts kept for later ones give way and do not count.",
    read: ({ usedKvBytes, memory }) => usedKvBytes / memory.limitBytes,
  },
];

const WORK: readonly Observed<EngineStats>[] = [
  {
    kind: "gauge",
    name: "deliberate.generator.sessions",
    unit: "{session}",
    description: "Sessions, those that are opening included.",
    read: ({ sessions }) => sessions,
  },
  {
    kind: "gauge",
    name: "deliberate.generator.sessions.opening",
    unit: "{session}",
    description: "Sessions whose prompt waits or is being run.",
    read: ({ openingSessions }) => openingSessions,
  },
  {
    kind: "gauge",
    name: "deliberate.generator.rows.running",
    unit: "{row}",
    description: "Rows that are decoded together now.",
    read: ({ runningRows }) => runningRows,
  },
  {
    kind: "gauge",
    name: "deliberate.generator.rows.waiting",
    unit: "{row}",
    description: "Rows that wait for a place in the batch.",
    read: ({ waitingRows }) => waitingRows,
  },
];

const TOTALS: readonly Observed<EngineStats>[] = [
  {
    kind: "counter",
    name: "deliberate.generator.prompt_tokens",
    unit: "{token}",
    description: "Tokens of the prompts of all sessions.",
    read: ({ promptTokens }) => promptTokens,
  },
  {
    kind: "counter",
    name: "deliberate.generator.cached_prompt_tokens",
    unit: "{token}",
    description: "Of the prompt tokens, those that an earlier prompt had and that were not run.",
    read: ({ cachedPromptTokens }) => cachedPromptTokens,
  },
  {
    kind: "counter",
    name: "deliberate.generator.generated_tokens",
    unit: "{token}",
    description: "Tokens sampled, those of pruned and cancelled nodes included.",
    read: ({ generatedTokens }) => generatedTokens,
  },
  {
    kind: "counter",
    name: "deliberate.generator.model_run",
    unit: "s",
    description: "Time inside the model's sessions.",
    read: ({ modelRunMs }) => modelRunMs / 1000,
  },
  {
    kind: "counter",
    name: "deliberate.generator.step",
    unit: "s",
    description:
      "Time of the engine's steps; what the model's sessions do not take is scheduling and sampling.",
    read: ({ stepMs }) => stepMs / 1000,
  },
];
