/** What feature extraction needs of the engine. */
import type { GeneratorInfo, Prompt } from "#generator/engine/types.js";

export interface FeatureRequest {
  readonly prompt: Prompt;
  readonly continuations: readonly { readonly kind: "tokens"; readonly tokenIds: readonly number[] }[];
  /** All hidden states of a token (embedding output and every layer, the last after the final norm), or all raw logits. */
  readonly features: "hidden" | "logits";
  readonly priority: number;
}

/** `featurizing` comes first. Chunks come in order, continuation by continuation. */
export type FeatureEvent =
  | { readonly kind: "featurizing"; readonly width: number }
  | {
      readonly kind: "chunk";
      readonly continuation: number;
      readonly firstToken: number;
      /** binary16 [tokens, width] */
      readonly values: Uint16Array;
      /** Entropy in nats of the distribution after the continuation's last token; in its last chunk. */
      readonly nextEntropy?: number;
    }
  | { readonly kind: "featurized" };

export interface Featurizer {
  readonly info: GeneratorInfo;
  featurize(request: FeatureRequest, signal: AbortSignal): AsyncIterable<FeatureEvent>;
}

/** Numbers per token of each kind of features. */
export const featureWidth = (info: GeneratorInfo, features: FeatureRequest["features"]): number =>
  features === "logits" ? info.vocabularySize : info.hiddenSize * info.hiddenStateCount;
