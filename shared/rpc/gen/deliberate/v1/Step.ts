// Original file: proto/deliberate/v1/generator.proto

import type { FinishReason as _deliberate_v1_FinishReason, FinishReason__Output as _deliberate_v1_FinishReason__Output } from '../../deliberate/v1/FinishReason.js';
import type { Tensor as _deliberate_v1_Tensor, Tensor__Output as _deliberate_v1_Tensor__Output } from '../../deliberate/v1/Tensor.js';
import type { Long } from '@grpc/proto-loader';

export interface Step {
  'nodeId'?: (number | string | Long);
  'parentId'?: (number | string | Long);
  'childIndex'?: (number);
  'tokenIds'?: (number)[];
  'text'?: (string);
  'finishReason'?: (_deliberate_v1_FinishReason);
  'logProbs'?: (number | string)[];
  'meanLogProb'?: (number | string);
  'entropies'?: (number | string)[];
  'probeOutputs'?: (Buffer | Uint8Array | string);
  'nextEntropy'?: (number | string);
  'hiddenStates'?: (_deliberate_v1_Tensor | null);
  '_nextEntropy'?: "nextEntropy";
}

export interface Step__Output {
  'nodeId': (number);
  'parentId': (number);
  'childIndex': (number);
  'tokenIds': (number)[];
  'text': (string);
  'finishReason': (_deliberate_v1_FinishReason__Output);
  'logProbs': (number)[];
  'meanLogProb': (number);
  'entropies': (number)[];
  'probeOutputs': (Buffer);
  'nextEntropy'?: (number);
  'hiddenStates': (_deliberate_v1_Tensor__Output | null);
  '_nextEntropy'?: "nextEntropy";
}
