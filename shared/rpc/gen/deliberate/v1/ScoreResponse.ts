// Original file: proto/deliberate/v1/verifier.proto

import type { ScoringStarted as _deliberate_v1_ScoringStarted, ScoringStarted__Output as _deliberate_v1_ScoringStarted__Output } from '../../deliberate/v1/ScoringStarted.js';
import type { StepScores as _deliberate_v1_StepScores, StepScores__Output as _deliberate_v1_StepScores__Output } from '../../deliberate/v1/StepScores.js';
import type { ScoringClosed as _deliberate_v1_ScoringClosed, ScoringClosed__Output as _deliberate_v1_ScoringClosed__Output } from '../../deliberate/v1/ScoringClosed.js';

export interface ScoreResponse {
  'started'?: (_deliberate_v1_ScoringStarted | null);
  'scores'?: (_deliberate_v1_StepScores | null);
  'closed'?: (_deliberate_v1_ScoringClosed | null);
  'response'?: "started"|"scores"|"closed";
}

export interface ScoreResponse__Output {
  'started'?: (_deliberate_v1_ScoringStarted__Output | null);
  'scores'?: (_deliberate_v1_StepScores__Output | null);
  'closed'?: (_deliberate_v1_ScoringClosed__Output | null);
  'response'?: "started"|"scores"|"closed";
}
