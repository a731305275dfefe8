// Original file: proto/deliberate/v1/verifier.proto

import type { Long } from '@grpc/proto-loader';

export interface NodePruned {
  'nodeId'?: (number | string | Long);
  'reason'?: (string);
}

export interface NodePruned__Output {
  'nodeId': (number);
  'reason': (string);
}
