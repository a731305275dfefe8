// Original file: proto/deliberate/v1/generator.proto

import type { Long } from '@grpc/proto-loader';

export interface MemoryUsage {
  'weightBytes'?: (number | string | Long);
  'activationBytes'?: (number | string | Long);
  'limitBytes'?: (number | string | Long);
  'prefixKvBytes'?: (number | string | Long);
  'suffixKvBytes'?: (number | string | Long);
  'logitsBytes'?: (number | string | Long);
  'slotBytes'?: (number | string | Long);
  'prefixCacheBytes'?: (number | string | Long);
}

export interface MemoryUsage__Output {
  'weightBytes': (number);
  'activationBytes': (number);
  'limitBytes': (number);
  'prefixKvBytes': (number);
  'suffixKvBytes': (number);
  'logitsBytes': (number);
  'slotBytes': (number);
  'prefixCacheBytes': (number);
}
