// Original file: proto/deliberate/v1/verifier.proto

import type { Long } from '@grpc/proto-loader';

export interface NodeScored {
  'nodeId'?: (number | string | Long);
  'score'?: (number | string);
}

export interface NodeScored__Output {
  'nodeId': (number);
  'score': (number);
}
