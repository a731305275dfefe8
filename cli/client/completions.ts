/** Plain generation through Expand: one prompt, some continuations to the end of the text. */
import { ServiceError } from "#shared/errors.js";
import type { Open } from "#shared/rpc/gen/deliberate/v1/Open.js";
import type { Step__Output } from "#shared/rpc/gen/deliberate/v1/Step.js";
import type { CompletionEvent } from "../events.js";
import type { SamplingFlags } from "../options/sampling.js";
import type { GeneratorClient } from "../services/use.js";
import { toSampling } from "./sampling.js";
import { toWord } from "./words.js";

export interface CompletionRequest extends SamplingFlags {
  readonly prompt: string;
  /** Without the chat template. */
  readonly raw: boolean;
  readonly n: number;
  readonly maxTokens: number;
  readonly seed: number;
}

/** One completion per candidate, in the order of their child index. */
export async function complete(
  generator: GeneratorClient,
  request: CompletionRequest,
  signal: AbortSignal,
): Promise<CompletionEvent[]> {
  const call = generator.expand({ signal });
  await call.write({ open: toOpen(request) });
  const steps: Step__Output[] = [];
  let promptTokenIds: readonly number[] = [];
  for await (const { opened, step, grown, closed } of call.responses) {
    if (opened) {
      promptTokenIds = opened.promptTokenIds;
      await call.write({
        grow: { nodeId: 0, count: request.n, until: "UNTIL_END", maxTokens: request.maxTokens },
      });
    } else if (step) steps.push(step);
    else if (grown) call.end();
    else if (closed) return joinSteps(promptTokenIds, steps);
  }
  throw new ServiceError("internal", "the generator must end a session with Closed and did not: see its log");
}

function toOpen({ prompt, raw, seed, ...sampling }: CompletionRequest): Open {
  const input = raw ? { prompt } : { messages: { messages: [{ role: "user", content: prompt }] } };
  return { ...input, seed, sampling: toSampling(sampling) };
}

/** Each child of the prompt begins a candidate; every node below continues it. */
export function joinSteps(
  promptTokenIds: readonly number[],
  steps: readonly Step__Output[],
): CompletionEvent[] {
  const next = new Map(steps.map((step) => [step.parentId, step]));
  return steps
    .filter((step) => step.parentId === 0)
    .sort((a, b) => a.childIndex - b.childIndex)
    .map((first) => {
      const path = [first];
      for (let step = next.get(first.nodeId); step !== undefined; step = next.get(step.nodeId))
        path.push(step);
      return {
        event: "completion",
        prompt_token_ids: promptTokenIds,
        token_ids: path.flatMap((step) => step.tokenIds),
        logprobs: path.flatMap((step) => step.logProbs),
        text: path.map((step) => step.text).join(""),
        finish_reason: toWord("finishReason", path.at(-1)!.finishReason),
      };
    });
}
