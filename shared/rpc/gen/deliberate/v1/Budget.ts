// Original file: proto/deliberate/v1/verifier.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.js';
import type { Long } from '@grpc/proto-loader';

export interface Budget {
  'generatedTokens'?: (number | string | Long);
  'verifierTokens'?: (number | string | Long);
  'flops'?: (number | string);
  'wallTime'?: (_google_protobuf_Duration | null);
  'tokens'?: (number | string | Long);
  '_generatedTokens'?: "generatedTokens";
  '_verifierTokens'?: "verifierTokens";
  '_flops'?: "flops";
  '_tokens'?: "tokens";
}

export interface Budget__Output {
  'generatedTokens'?: (number);
  'verifierTokens'?: (number);
  'flops'?: (number);
  'wallTime': (_google_protobuf_Duration__Output | null);
  'tokens'?: (number);
  '_generatedTokens'?: "generatedTokens";
  '_verifierTokens'?: "verifierTokens";
  '_flops'?: "flops";
  '_tokens'?: "tokens";
}
