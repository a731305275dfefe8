// Original file: proto/deliberate/v1/verifier.proto

import type { StartScoring as _deliberate_v1_StartScoring, StartScoring__Output as _deliberate_v1_StartScoring__Output } from '../../deliberate/v1/StartScoring.js';
import type { AppendSteps as _deliberate_v1_AppendSteps, AppendSteps__Output as _deliberate_v1_AppendSteps__Output } from '../../deliberate/v1/AppendSteps.js';

export interface ScoreRequest {
  'start'?: (_deliberate_v1_StartScoring | null);
  'append'?: (_deliberate_v1_AppendSteps | null);
  'request'?: "start"|"append";
}

export interface ScoreRequest__Output {
  'start'?: (_deliberate_v1_StartScoring__Output | null);
  'append'?: (_deliberate_v1_AppendSteps__Output | null);
  'request'?: "start"|"append";
}
