// Original file: proto/deliberate/v1/verifier.proto

import type { Long } from '@grpc/proto-loader';

export interface StepScore {
  'pathId'?: (number | string | Long);
  'score'?: (number | string);
}

export interface StepScore__Output {
  'pathId': (number);
  'score': (number);
}
