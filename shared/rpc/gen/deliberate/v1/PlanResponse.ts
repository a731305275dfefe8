// Original file: proto/deliberate/v1/verifier.proto

import type { SearchPlan as _deliberate_v1_SearchPlan, SearchPlan__Output as _deliberate_v1_SearchPlan__Output } from '../../deliberate/v1/SearchPlan.js';

export interface PlanResponse {
  'first'?: (_deliberate_v1_SearchPlan | null);
  'then'?: (_deliberate_v1_SearchPlan)[];
  'temperature'?: (number | string);
}

export interface PlanResponse__Output {
  'first': (_deliberate_v1_SearchPlan__Output | null);
  'then': (_deliberate_v1_SearchPlan__Output)[];
  'temperature': (number);
}
