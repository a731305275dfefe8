/** Which way of driving node-llama-cpp is the fastest here: flash attention or not, its queue or the native context. */
import { startContestant } from "./child-process.js";
import { SCRIPTS } from "./peers.js";
import type { Task } from "./task.js";

export interface LlamaVariant {
  readonly flashAttention: boolean;
  readonly drive: "api" | "binding";
}

export interface TunedLlama extends LlamaVariant {
  /** What was tried: milliseconds of a step of 16 rows. */
  readonly tried: readonly (LlamaVariant & { readonly stepMs: number })[];
}

const VARIANTS: readonly LlamaVariant[] = [true, false].flatMap((flashAttention) =>
  (["api", "binding"] as const).map((drive) => ({ flashAttention, drive })),
);

/** Without trying. */
export const USUALLY_FASTEST: TunedLlama = { flashAttention: true, drive: "binding", tried: [] };

export async function tuneLlama(
  gguf: string,
  threads: number,
  prompt: readonly number[],
  signal: AbortSignal,
): Promise<TunedLlama> {
  const task: Task = { kind: "decode", prompt, rows: 16, steps: 12 };
  const tried = [];
  for (const variant of VARIANTS) {
    const contestant = await startContestant(SCRIPTS.llama, { gguf, threads, ...variant }, signal);
    try {
      await contestant.run(task);
      const { ms, steps } = await contestant.run(task);
      tried.push({ ...variant, stepMs: ms / steps });
    } finally {
      contestant.kill();
    }
  }
  const { flashAttention, drive } = tried.toSorted((a, b) => a.stepMs - b.stepMs)[0]!;
  return { flashAttention, drive, tried };
}
