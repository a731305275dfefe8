// Original file: proto/deliberate/v1/generator.proto

import type { Tensor as _deliberate_v1_Tensor, Tensor__Output as _deliberate_v1_Tensor__Output } from '../../deliberate/v1/Tensor.js';

export interface FeatureChunk {
  'continuationIndex'?: (number);
  'firstToken'?: (number);
  'tokenIds'?: (number)[];
  'values'?: (_deliberate_v1_Tensor | null);
  'logProbs'?: (number | string)[];
  'entropies'?: (number | string)[];
  'nextEntropy'?: (number | string);
  '_nextEntropy'?: "nextEntropy";
}

export interface FeatureChunk__Output {
  'continuationIndex': (number);
  'firstToken': (number);
  'tokenIds': (number)[];
  'values': (_deliberate_v1_Tensor__Output | null);
  'logProbs': (number)[];
  'entropies': (number)[];
  'nextEntropy'?: (number);
  '_nextEntropy'?: "nextEntropy";
}
