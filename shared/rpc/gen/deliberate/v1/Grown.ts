// Original file: proto/deliberate/v1/generator.proto

import type { Long } from '@grpc/proto-loader';

export interface Grown {
  'nodeId'?: (number | string | Long);
  'count'?: (number);
}

export interface Grown__Output {
  'nodeId': (number);
  'count': (number);
}
