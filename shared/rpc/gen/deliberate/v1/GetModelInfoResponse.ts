// Original file: proto/deliberate/v1/generator.proto

import type { Sampling as _deliberate_v1_Sampling, Sampling__Output as _deliberate_v1_Sampling__Output } from '../../deliberate/v1/Sampling.js';
import type { GeneratorLimits as _deliberate_v1_GeneratorLimits, GeneratorLimits__Output as _deliberate_v1_GeneratorLimits__Output } from '../../deliberate/v1/GeneratorLimits.js';
import type { MemoryUsage as _deliberate_v1_MemoryUsage, MemoryUsage__Output as _deliberate_v1_MemoryUsage__Output } from '../../deliberate/v1/MemoryUsage.js';
import type { Long } from '@grpc/proto-loader';

export interface GetModelInfoResponse {
  'model'?: (string);
  'architecture'?: (string);
  'modelHash'?: (string);
  'tokenizerHash'?: (string);
  'precision'?: (string);
  'parameterCount'?: (number | string | Long);
  'vocabularySize'?: (number);
  'contextLengthTokens'?: (number);
  'hiddenSize'?: (number);
  'hiddenStateCount'?: (number);
  'stepDelimiter'?: (string);
  'defaultSampling'?: (_deliberate_v1_Sampling | null);
  'hasChatTemplate'?: (boolean);
  'limits'?: (_deliberate_v1_GeneratorLimits | null);
  'memory'?: (_deliberate_v1_MemoryUsage | null);
  'chatTemplateHash'?: (string);
  'flopsPerToken'?: (number | string);
}

export interface GetModelInfoResponse__Output {
  'model': (string);
  'architecture': (string);
  'modelHash': (string);
  'tokenizerHash': (string);
  'precision': (string);
  'parameterCount': (number);
  'vocabularySize': (number);
  'contextLengthTokens': (number);
  'hiddenSize': (number);
  'hiddenStateCount': (number);
  'stepDelimiter': (string);
  'defaultSampling': (_deliberate_v1_Sampling__Output | null);
  'hasChatTemplate': (boolean);
  'limits': (_deliberate_v1_GeneratorLimits__Output | null);
  'memory': (_deliberate_v1_MemoryUsage__Output | null);
  'chatTemplateHash': (string);
  'flopsPerToken': (number);
}
