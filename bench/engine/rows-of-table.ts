/** The rows of the comparison: what is run, and what of it is reported. */
import { beamSchedule } from "./beam-schedule.js";
import type { Sample } from "./cell.js";
import type { BenchSettings } from "./settings.js";
import type { Task } from "./task.js";

export interface TableRow {
  readonly name: string;
  /** `ms` of one step; `ms total` of the whole task. */
  readonly unit: "ms a step" | "ms";
  readonly task: Task;
  /** In a round. */
  readonly samples: number;
}

export function tableRows(settings: BenchSettings, text: readonly number[]): readonly TableRow[] {
  const { candidates, promptTokens, longPromptTokens, newTokens, samples, firstStepTokens, beam } = settings;
  const prompt = text.slice(0, promptTokens);
  const prefill = (tokens: number): Task => ({ kind: "prefill", prompt: text.slice(0, tokens) });
  return [
    ...candidates.map(
      (rows): TableRow => ({
        name: `decode, ${rows} ${rows === 1 ? "candidate" : "candidates"}`,
        unit: "ms a step",
        // One candidate's steps are short; more of them make a sample that can be timed.
        task: { kind: "decode", prompt, rows, steps: rows === 1 ? 2 * newTokens : newTokens },
        samples,
      }),
    ),
    { name: `prefill, ${promptTokens} tokens`, unit: "ms", task: prefill(promptTokens), samples },
    { name: `prefill, ${longPromptTokens} tokens`, unit: "ms", task: prefill(longPromptTokens), samples: 1 },
    {
      name: `first step: prompt of ${promptTokens}, 16 candidates of ${firstStepTokens} tokens`,
      unit: "ms",
      task: { kind: "first-step", prompt, rows: 16, steps: firstStepTokens },
      samples: 1,
    },
    {
      name: `beam search, ${beam.beams} x ${beam.keep}, ${beam.rounds} rounds`,
      unit: "ms",
      task: { kind: "beam", prompt, rows: beam.beams, rounds: beamSchedule(beam) },
      samples: 1,
    },
  ];
}

export const valueOf = ({ unit }: TableRow, { ms, steps }: Sample): number =>
  unit === "ms a step" ? ms / steps : ms;
