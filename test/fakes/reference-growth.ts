/**
 * The engine's meaning, slowly: one candidate at a time, the whole path hashed anew for every token, no batch, no K/V.
 * What the engine grows must equal it whatever else the engine does.
 */
import type { FinishReason, Sampling } from "#generator/engine/types.js";
import { createSampler } from "#generator/sampling/sampler.js";
import { createRng } from "#shared/rng.js";
import { EOS, byteTokenizer } from "./byte-tokenizer.js";
import { logitsOf, pathModelInfo } from "./path-model.js";

export interface ReferenceStep {
  readonly place: string;
  readonly tokenIds: number[];
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly logProbs: number[];
}

export interface ReferenceRequest {
  readonly promptTokenIds: readonly number[];
  readonly seed: number;
  readonly sampling: Sampling;
  readonly delimiter: string;
  /** Child indices of the node to generate, from the prompt. */
  readonly place: readonly number[];
  readonly until: "step" | "end";
  readonly maxTokens?: number;
  readonly contextLength?: number;
}

/** The steps of one child (and, until the end, of what follows it) given the tokens of the path above it. */
export function referenceGrow(request: ReferenceRequest, above: readonly number[] = []): ReferenceStep[] {
  const { promptTokenIds, seed, sampling, delimiter, place, until, maxTokens = Infinity } = request;
  const path = [...promptTokenIds, ...above];
  const rng = createRng(seed, ...place);
  const sampler = createSampler(sampling);
  const tokenIds: number[] = [];
  const logProbs: number[] = [];
  for (;;) {
    const { tokenId, logProb } = sampler.sample(logitsOf(path), path, rng);
    path.push(tokenId);
    tokenIds.push(tokenId);
    logProbs.push(logProb);
    const text = byteTokenizer.decode(tokenIds);
    const allText = byteTokenizer.decode([...above, ...tokenIds]);
    const full = path.length >= (request.contextLength ?? pathModelInfo.contextLength);
    let finishReason: FinishReason | undefined;
    if (tokenId === EOS) finishReason = "eos";
    else if (sampling.stop.some((stop) => allText.endsWith(stop))) finishReason = "stop";
    else if (full) finishReason = "length";
    else if (text.endsWith(delimiter)) finishReason = "step";
    else if (tokenIds.length === maxTokens) finishReason = "length";
    if (finishReason === undefined) continue;
    const step = {
      place: place.map((index) => `/${index}`).join(""),
      tokenIds,
      text,
      finishReason,
      logProbs,
    };
    const left = maxTokens - tokenIds.length;
    if (finishReason !== "step" || until === "step" || left === 0) return [step];
    return [
      step,
      ...referenceGrow({ ...request, place: [...place, 0], maxTokens: left }, [...above, ...tokenIds]),
    ];
  }
}
