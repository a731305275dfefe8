// Original file: proto/deliberate/v1/verifier.proto

import type { Budget as _deliberate_v1_Budget, Budget__Output as _deliberate_v1_Budget__Output } from '../../deliberate/v1/Budget.js';
import type { Verifier as _deliberate_v1_Verifier, Verifier__Output as _deliberate_v1_Verifier__Output } from '../../deliberate/v1/Verifier.js';

export interface PlanRequest {
  'problem'?: (string);
  'budget'?: (_deliberate_v1_Budget | null);
  'verifier'?: (_deliberate_v1_Verifier);
}

export interface PlanRequest__Output {
  'problem': (string);
  'budget': (_deliberate_v1_Budget__Output | null);
  'verifier': (_deliberate_v1_Verifier__Output);
}
