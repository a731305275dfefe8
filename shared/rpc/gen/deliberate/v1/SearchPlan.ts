// Original file: proto/deliberate/v1/verifier.proto

import type { Strategy as _deliberate_v1_Strategy, Strategy__Output as _deliberate_v1_Strategy__Output } from '../../deliberate/v1/Strategy.js';
import type { Verifier as _deliberate_v1_Verifier, Verifier__Output as _deliberate_v1_Verifier__Output } from '../../deliberate/v1/Verifier.js';
import type { ScoreAggregation as _deliberate_v1_ScoreAggregation, ScoreAggregation__Output as _deliberate_v1_ScoreAggregation__Output } from '../../deliberate/v1/ScoreAggregation.js';
import type { Vote as _deliberate_v1_Vote, Vote__Output as _deliberate_v1_Vote__Output } from '../../deliberate/v1/Vote.js';

export interface SearchPlan {
  'strategy'?: (_deliberate_v1_Strategy);
  'n'?: (number);
  'beamWidth'?: (number);
  'verifier'?: (_deliberate_v1_Verifier);
  'aggregation'?: (_deliberate_v1_ScoreAggregation);
  'vote'?: (_deliberate_v1_Vote);
  'temperature'?: (number | string);
  'row'?: (string);
  'reason'?: (string);
  'estimatedPassRate'?: (number | string);
  'calibrated'?: (boolean);
  'rejectBelow'?: (number | string);
  '_estimatedPassRate'?: "estimatedPassRate";
}

export interface SearchPlan__Output {
  'strategy': (_deliberate_v1_Strategy__Output);
  'n': (number);
  'beamWidth': (number);
  'verifier': (_deliberate_v1_Verifier__Output);
  'aggregation': (_deliberate_v1_ScoreAggregation__Output);
  'vote': (_deliberate_v1_Vote__Output);
  'temperature': (number);
  'row': (string);
  'reason': (string);
  'estimatedPassRate'?: (number);
  'calibrated': (boolean);
  'rejectBelow': (number);
  '_estimatedPassRate'?: "estimatedPassRate";
}
