// Original file: proto/deliberate/v1/verifier.proto

import type { Long } from '@grpc/proto-loader';

export interface AppendSteps {
  'pathId'?: (number | string | Long);
  'steps'?: (string)[];
}

export interface AppendSteps__Output {
  'pathId': (number);
  'steps': (string)[];
}
