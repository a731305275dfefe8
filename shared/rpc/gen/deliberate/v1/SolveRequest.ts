// Original file: proto/deliberate/v1/verifier.proto

import type { Strategy as _deliberate_v1_Strategy, Strategy__Output as _deliberate_v1_Strategy__Output } from '../../deliberate/v1/Strategy.js';
import type { Verifier as _deliberate_v1_Verifier, Verifier__Output as _deliberate_v1_Verifier__Output } from '../../deliberate/v1/Verifier.js';
import type { ScoreAggregation as _deliberate_v1_ScoreAggregation, ScoreAggregation__Output as _deliberate_v1_ScoreAggregation__Output } from '../../deliberate/v1/ScoreAggregation.js';
import type { Vote as _deliberate_v1_Vote, Vote__Output as _deliberate_v1_Vote__Output } from '../../deliberate/v1/Vote.js';
import type { Sampling as _deliberate_v1_Sampling, Sampling__Output as _deliberate_v1_Sampling__Output } from '../../deliberate/v1/Sampling.js';
import type { Budget as _deliberate_v1_Budget, Budget__Output as _deliberate_v1_Budget__Output } from '../../deliberate/v1/Budget.js';
import type { Long } from '@grpc/proto-loader';

export interface SolveRequest {
  'problem'?: (string);
  'strategy'?: (_deliberate_v1_Strategy);
  'n'?: (number);
  'beamWidth'?: (number);
  'verifier'?: (_deliberate_v1_Verifier);
  'aggregation'?: (_deliberate_v1_ScoreAggregation);
  'vote'?: (_deliberate_v1_Vote);
  'sampling'?: (_deliberate_v1_Sampling | null);
  'seed'?: (number | string | Long);
  'budget'?: (_deliberate_v1_Budget | null);
  'maxSolutionTokens'?: (number);
  'maxDepth'?: (number);
  'priority'?: (number);
  'cacheSalt'?: (string);
  'rejectBelow'?: (number | string);
  '_n'?: "n";
  '_beamWidth'?: "beamWidth";
  '_seed'?: "seed";
  '_maxSolutionTokens'?: "maxSolutionTokens";
  '_maxDepth'?: "maxDepth";
  '_priority'?: "priority";
  '_cacheSalt'?: "cacheSalt";
  '_rejectBelow'?: "rejectBelow";
}

export interface SolveRequest__Output {
  'problem': (string);
  'strategy': (_deliberate_v1_Strategy__Output);
  'n'?: (number);
  'beamWidth'?: (number);
  'verifier': (_deliberate_v1_Verifier__Output);
  'aggregation': (_deliberate_v1_ScoreAggregation__Output);
  'vote': (_deliberate_v1_Vote__Output);
  'sampling': (_deliberate_v1_Sampling__Output | null);
  'seed'?: (number);
  'budget': (_deliberate_v1_Budget__Output | null);
  'maxSolutionTokens'?: (number);
  'maxDepth'?: (number);
  'priority'?: (number);
  'cacheSalt'?: (string);
  'rejectBelow'?: (number);
  '_n'?: "n";
  '_beamWidth'?: "beamWidth";
  '_seed'?: "seed";
  '_maxSolutionTokens'?: "maxSolutionTokens";
  '_maxDepth'?: "maxDepth";
  '_priority'?: "priority";
  '_cacheSalt'?: "cacheSalt";
  '_rejectBelow'?: "rejectBelow";
}
