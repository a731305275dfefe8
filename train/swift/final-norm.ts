/** The policy's final norm (RMSNorm), for heads that read every hidden state through it. */
import { loadCheckpoint } from "#shared/lm/checkpoint/load.js";

export interface FinalNorm {
  /** [hiddenSize], as it multiplies. */
  readonly gain: Float32Array;
  readonly epsilon: number;
}

/** @throws as `loadCheckpoint`. */
export async function readFinalNorm(
  policy: string,
  cacheDir: string,
  signal: AbortSignal,
): Promise<FinalNorm> {
  const { config, tensors } = await loadCheckpoint(policy, signal, { cacheDir });
  const weight = await tensors.read("model.norm.weight", signal);
  const offset = config.differences?.normOffset ?? 0;
  return { gain: weight.map((value) => value + offset), epsilon: config.rmsNormEps };
}

/** Norms the states in [from, to), which lie one behind the other, in place. */
export function applyFinalNorm(states: Float32Array, from: number, to: number, norm: FinalNorm): void {
  const { gain, epsilon } = norm;
  for (let at = from; at < to; at += gain.length) {
    let squares = 0;
    for (let i = 0; i < gain.length; i++) squares += states[at + i]! ** 2;
    const scale = 1 / Math.sqrt(squares / gain.length + epsilon);
    for (let i = 0; i < gain.length; i++) states[at + i]! *= scale * gain[i]!;
  }
}
