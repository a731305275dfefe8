// Original file: proto/deliberate/v1/generator.proto

import type { Sampling as _deliberate_v1_Sampling, Sampling__Output as _deliberate_v1_Sampling__Output } from '../../deliberate/v1/Sampling.js';
import type { Long } from '@grpc/proto-loader';

// Original file: proto/deliberate/v1/generator.proto

export const _deliberate_v1_Grow_Until = {
  UNTIL_UNSPECIFIED: 'UNTIL_UNSPECIFIED',
  UNTIL_STEP: 'UNTIL_STEP',
  UNTIL_END: 'UNTIL_END',
} as const;

export type _deliberate_v1_Grow_Until =
  | 'UNTIL_UNSPECIFIED'
  | 0
  | 'UNTIL_STEP'
  | 1
  | 'UNTIL_END'
  | 2

export type _deliberate_v1_Grow_Until__Output = typeof _deliberate_v1_Grow_Until[keyof typeof _deliberate_v1_Grow_Until]

export interface Grow {
  'nodeId'?: (number | string | Long);
  'count'?: (number);
  'until'?: (_deliberate_v1_Grow_Until);
  'maxTokens'?: (number);
  'sampling'?: (_deliberate_v1_Sampling | null);
  '_maxTokens'?: "maxTokens";
}

export interface Grow__Output {
  'nodeId': (number);
  'count': (number);
  'until': (_deliberate_v1_Grow_Until__Output);
  'maxTokens'?: (number);
  'sampling': (_deliberate_v1_Sampling__Output | null);
  '_maxTokens'?: "maxTokens";
}
