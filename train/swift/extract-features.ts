/** Features of all finished solutions, in one pass of the policy over each problem, streamed to the store. */
import { ServiceError } from "#shared/errors.js";
import { promptOf } from "#train/rollouts.js";
import type { FeatureStore } from "./feature-store.js";
import type { Featurizer } from "./featurizer.js";
import type { RolloutProblem, RolloutSolution } from "./rollout-records.js";

interface Numbered extends RolloutSolution {
  readonly index: number;
}

/** Solutions that a head may be trained or measured on. */
export function finishedOf({ solutions }: RolloutProblem): Numbered[] {
  return solutions
    .map((solution, index) => ({ ...solution, index }))
    .filter((each) => each.finished && each.token_ids.length > 0);
}

const tokensOf = (problem: RolloutProblem): number =>
  finishedOf(problem).reduce((sum, { token_ids }) => sum + token_ids.length, 0);

/**
 * Stores what is missing. Problems are done one after the other; `onProgress` counts tokens, earlier ones included.
 * @throws ServiceError `resource_exhausted` (before anything is written, where that can be known): the disk is too small;
 * `failed_precondition`: features that are not finite. What was finished stays.
 */
export async function extractFeatures(
  featurizer: Featurizer,
  problems: readonly RolloutProblem[],
  store: FeatureStore,
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<void> {
  const total = problems.reduce((sum, problem) => sum + tokensOf(problem), 0);
  const missing = problems.filter(({ id }) => !store.has(id));
  let left = missing.reduce((sum, problem) => sum + tokensOf(problem), 0);
  await store.assertRoom(store.bytes(left));
  for (const problem of missing) {
    signal.throwIfAborted();
    await extractProblem(featurizer, problem, store, left, signal);
    left -= tokensOf(problem);
    onProgress(total - left, total);
  }
}

async function extractProblem(
  featurizer: Featurizer,
  problem: RolloutProblem,
  store: FeatureStore,
  tokensLeft: number,
  signal: AbortSignal,
): Promise<void> {
  const solutions = finishedOf(problem);
  let left = tokensLeft;
  try {
    if (solutions.length > 0)
      for await (const values of chunksOf(featurizer, problem, solutions, store, signal)) {
        await store.write(values, store.bytes(left));
        left -= values.length / store.identity.width;
      }
    await store.commit(
      problem.id,
      solutions.map(({ index, token_ids }) => ({ index, tokens: token_ids.length })),
    );
  } catch (error) {
    await store.rollback().catch(() => {});
    throw error;
  }
}

/** The numbers of the solutions, one after the other, checked. */
async function* chunksOf(
  featurizer: Featurizer,
  problem: RolloutProblem,
  solutions: readonly Numbered[],
  { identity }: FeatureStore,
  signal: AbortSignal,
): AsyncGenerator<Uint16Array, void> {
  const { features, width } = identity;
  const request = {
    prompt: promptOf(featurizer.info, problem.problem),
    continuations: solutions.map(({ token_ids }) => ({ kind: "tokens", tokenIds: token_ids }) as const),
    features,
    priority: 0,
  };
  const expected = solutions.reduce((sum, { token_ids }) => sum + token_ids.length, 0);
  let tokens = 0;
  for await (const event of featurizer.featurize(request, signal)) {
    if (event.kind === "featurizing" && event.width !== width)
      throw new ServiceError("internal", `features must be ${width} numbers a token, got ${event.width}`);
    if (event.kind !== "chunk") continue;
    const bad = findNotFinite(event.values);
    if (bad >= 0) throw notFinite(problem.id, solutions[event.continuation]!.index, event, bad, width);
    tokens += event.values.length / width;
    yield event.values;
  }
  if (tokens !== expected)
    throw new ServiceError("internal", `problem ${problem.id}: ${expected} tokens must come, got ${tokens}`);
}

/** Index of the first NaN or infinity; -1: none. All of them, and nothing else, have every bit of the exponent set. */
function findNotFinite(halves: Uint16Array): number {
  for (let i = 0; i < halves.length; i++) if ((halves[i]! & 0x7c00) === 0x7c00) return i;
  return -1;
}

function notFinite(
  id: string,
  solution: number,
  { firstToken }: { readonly firstToken: number },
  at: number,
  width: number,
): ServiceError {
  return new ServiceError(
    "failed_precondition",
    `features must be finite, but number ${at % width} of token ${firstToken + Math.floor(at / width)} of solution ${solution} of problem ${id} is not: the model cannot be read by a head at this precision`,
    { reason: "FEATURES_NOT_FINITE" },
  );
}
