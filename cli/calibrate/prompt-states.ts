/** Reads prompts' hidden states from a generator: what a probe of the prompt will see when the verifier asks the policy. */
import { ServiceError } from "#shared/errors.js";
import type { FeaturizeRequest } from "#shared/rpc/gen/deliberate/v1/FeaturizeRequest.js";
import type { ReadPrompt } from "#train/calibration/record.js";
import type { GeneratorClient } from "../services/use.js";

/** Of a model with a chat template as a user would ask it, else as it is: as the verifier does. */
export function createPromptReader(
  generator: GeneratorClient,
  hasChatTemplate: boolean,
  signal: AbortSignal,
): ReadPrompt {
  const featurize = (request: FeaturizeRequest) =>
    generator.featurize({ ...request, features: "FEATURES_HIDDEN_STATES" }, { signal });
  return async ({ problem }) => {
    const input = hasChatTemplate
      ? { messages: { messages: [{ role: "user", content: problem }] } }
      : { prompt: problem };
    const ids = await tokenIdsOf(featurize({ ...input, continuations: [{ tokenIds: { ids: [0] } }] }));
    // States are told of continuations only, so the prompt's last token becomes one.
    const continuations = [{ tokenIds: { ids: ids.slice(-1) } }];
    return statesOf(featurize({ promptTokenIds: { ids: ids.slice(0, -1) }, continuations }));
  };
}

type Replies = ReturnType<GeneratorClient["featurize"]>;

async function tokenIdsOf(replies: Replies): Promise<readonly number[]> {
  for await (const { featurizing } of replies) if (featurizing) return featurizing.promptTokenIds;
  throw broken("a first message");
}

async function statesOf(replies: Replies): Promise<Uint16Array> {
  // Copied: the message's buffer need not be aligned to two bytes.
  for await (const { chunk } of replies)
    if (chunk?.values) return new Uint16Array(new Uint8Array(chunk.values.data).buffer);
  throw broken("states");
}

const broken = (what: string): ServiceError =>
  new ServiceError("internal", `the generator must answer Featurize with ${what} and did not: see its log`);
