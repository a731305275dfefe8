/** Scores of the steps of one solution, through Score. */
import { ServiceError } from "#shared/errors.js";
import type { VerifierClient } from "../services/use.js";

/** Exactly one score in (0, 1) per step, in order. */
export async function scoreSteps(
  verifier: VerifierClient,
  problem: string,
  steps: readonly string[],
  signal: AbortSignal,
): Promise<number[]> {
  const call = verifier.score({ signal });
  await call.write({ start: { problem } });
  let found: number[] | undefined;
  for await (const { started, scores, closed } of call.responses) {
    if (started) await call.write({ append: { pathId: 0, steps: [...steps] } });
    else if (scores) {
      found = scores.scores.map(({ score }) => score);
      call.end();
    } else if (closed) break;
  }
  if (found?.length === steps.length) return found;
  throw new ServiceError(
    "internal",
    `the verifier must give one score per step, got ${found?.length ?? 0} for ${steps.length}: see its log`,
  );
}
