// Original file: proto/deliberate/v1/verifier.proto

import type { StepScore as _deliberate_v1_StepScore, StepScore__Output as _deliberate_v1_StepScore__Output } from '../../deliberate/v1/StepScore.js';
import type { Long } from '@grpc/proto-loader';

export interface StepScores {
  'pathId'?: (number | string | Long);
  'scores'?: (_deliberate_v1_StepScore)[];
}

export interface StepScores__Output {
  'pathId': (number);
  'scores': (_deliberate_v1_StepScore__Output)[];
}
