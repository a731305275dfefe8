// Original file: proto/deliberate/v1/generator.proto

import type { Long } from '@grpc/proto-loader';

export interface GeneratorLimits {
  'maxSessions'?: (number);
  'maxBatchRows'?: (number);
  'maxKvBytes'?: (number | string | Long);
  'usedKvBytes'?: (number | string | Long);
  'maxNodesPerSession'?: (number);
  'maxPromptBytes'?: (number);
  'maxGrowCount'?: (number);
  'maxPrefixCacheBytes'?: (number | string | Long);
}

export interface GeneratorLimits__Output {
  'maxSessions': (number);
  'maxBatchRows': (number);
  'maxKvBytes': (number);
  'usedKvBytes': (number);
  'maxNodesPerSession': (number);
  'maxPromptBytes': (number);
  'maxGrowCount': (number);
  'maxPrefixCacheBytes': (number);
}
