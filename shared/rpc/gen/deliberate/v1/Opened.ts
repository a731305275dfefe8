// Original file: proto/deliberate/v1/generator.proto

import type { Sampling as _deliberate_v1_Sampling, Sampling__Output as _deliberate_v1_Sampling__Output } from '../../deliberate/v1/Sampling.js';
import type { Long } from '@grpc/proto-loader';

export interface Opened {
  'nodeId'?: (number | string | Long);
  'promptTokenIds'?: (number)[];
  'promptProbe'?: (number | string)[];
  'sampling'?: (_deliberate_v1_Sampling | null);
  'cachedPromptTokens'?: (number);
}

export interface Opened__Output {
  'nodeId': (number);
  'promptTokenIds': (number)[];
  'promptProbe': (number)[];
  'sampling': (_deliberate_v1_Sampling__Output | null);
  'cachedPromptTokens': (number);
}
