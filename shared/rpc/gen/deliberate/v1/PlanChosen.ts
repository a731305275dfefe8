// Original file: proto/deliberate/v1/verifier.proto

import type { SearchPlan as _deliberate_v1_SearchPlan, SearchPlan__Output as _deliberate_v1_SearchPlan__Output } from '../../deliberate/v1/SearchPlan.js';

export interface PlanChosen {
  'plan'?: (_deliberate_v1_SearchPlan | null);
}

export interface PlanChosen__Output {
  'plan': (_deliberate_v1_SearchPlan__Output | null);
}
