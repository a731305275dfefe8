// Original file: proto/deliberate/v1/generator.proto

import type { Long } from '@grpc/proto-loader';

export interface GeneratorUsage {
  'promptTokens'?: (number | string | Long);
  'generatedTokens'?: (number | string | Long);
  'cancelledTokens'?: (number | string | Long);
  'reprefilledTokens'?: (number | string | Long);
  'flops'?: (number | string);
  'cachedPromptTokens'?: (number | string | Long);
}

export interface GeneratorUsage__Output {
  'promptTokens': (number);
  'generatedTokens': (number);
  'cancelledTokens': (number);
  'reprefilledTokens': (number);
  'flops': (number);
  'cachedPromptTokens': (number);
}
