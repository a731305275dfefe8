// Original file: proto/deliberate/v1/verifier.proto

import type { Long } from '@grpc/proto-loader';

export interface ScoringClosed {
  'verifierTokens'?: (number | string | Long);
}

export interface ScoringClosed__Output {
  'verifierTokens': (number);
}
