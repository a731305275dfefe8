// Original file: proto/deliberate/v1/verifier.proto

import type { FinishReason as _deliberate_v1_FinishReason, FinishReason__Output as _deliberate_v1_FinishReason__Output } from '../../deliberate/v1/FinishReason.js';
import type { Long } from '@grpc/proto-loader';

export interface NodeAdded {
  'nodeId'?: (number | string | Long);
  'parentId'?: (number | string | Long);
  'depth'?: (number);
  'subtree'?: (number);
  'text'?: (string);
  'finishReason'?: (_deliberate_v1_FinishReason);
  'tokenCount'?: (number);
  'meanLogProb'?: (number | string);
  'meanEntropy'?: (number | string);
}

export interface NodeAdded__Output {
  'nodeId': (number);
  'parentId': (number);
  'depth': (number);
  'subtree': (number);
  'text': (string);
  'finishReason': (_deliberate_v1_FinishReason__Output);
  'tokenCount': (number);
  'meanLogProb': (number);
  'meanEntropy': (number);
}
