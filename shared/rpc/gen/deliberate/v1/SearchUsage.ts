// Original file: proto/deliberate/v1/verifier.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.js';
import type { Long } from '@grpc/proto-loader';

export interface SearchUsage {
  'promptTokens'?: (number | string | Long);
  'generatedTokens'?: (number | string | Long);
  'keptTokens'?: (number | string | Long);
  'prunedTokens'?: (number | string | Long);
  'cancelledTokens'?: (number | string | Long);
  'verifierTokens'?: (number | string | Long);
  'flops'?: (number | string);
  'wallTime'?: (_google_protobuf_Duration | null);
  'cachedPromptTokens'?: (number | string | Long);
}

export interface SearchUsage__Output {
  'promptTokens': (number);
  'generatedTokens': (number);
  'keptTokens': (number);
  'prunedTokens': (number);
  'cancelledTokens': (number);
  'verifierTokens': (number);
  'flops': (number);
  'wallTime': (_google_protobuf_Duration__Output | null);
  'cachedPromptTokens': (number);
}
