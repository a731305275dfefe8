// Original file: proto/deliberate/v1/verifier.proto

import type { AnswerVote as _deliberate_v1_AnswerVote, AnswerVote__Output as _deliberate_v1_AnswerVote__Output } from '../../deliberate/v1/AnswerVote.js';
import type { Candidate as _deliberate_v1_Candidate, Candidate__Output as _deliberate_v1_Candidate__Output } from '../../deliberate/v1/Candidate.js';
import type { SearchPlan as _deliberate_v1_SearchPlan, SearchPlan__Output as _deliberate_v1_SearchPlan__Output } from '../../deliberate/v1/SearchPlan.js';
import type { SearchUsage as _deliberate_v1_SearchUsage, SearchUsage__Output as _deliberate_v1_SearchUsage__Output } from '../../deliberate/v1/SearchUsage.js';
import type { StopReason as _deliberate_v1_StopReason, StopReason__Output as _deliberate_v1_StopReason__Output } from '../../deliberate/v1/StopReason.js';
import type { SwiftAudit as _deliberate_v1_SwiftAudit, SwiftAudit__Output as _deliberate_v1_SwiftAudit__Output } from '../../deliberate/v1/SwiftAudit.js';
import type { BudgetResource as _deliberate_v1_BudgetResource, BudgetResource__Output as _deliberate_v1_BudgetResource__Output } from '../../deliberate/v1/BudgetResource.js';

export interface Solved {
  'answer'?: (string);
  'solution'?: (string);
  'confidence'?: (number | string);
  'votes'?: (_deliberate_v1_AnswerVote)[];
  'candidates'?: (_deliberate_v1_Candidate)[];
  'plan'?: (_deliberate_v1_SearchPlan | null);
  'usage'?: (_deliberate_v1_SearchUsage | null);
  'stopReason'?: (_deliberate_v1_StopReason);
  'warning'?: (string);
  'audit'?: (_deliberate_v1_SwiftAudit | null);
  'exhausted'?: (_deliberate_v1_BudgetResource);
}

export interface Solved__Output {
  'answer': (string);
  'solution': (string);
  'confidence': (number);
  'votes': (_deliberate_v1_AnswerVote__Output)[];
  'candidates': (_deliberate_v1_Candidate__Output)[];
  'plan': (_deliberate_v1_SearchPlan__Output | null);
  'usage': (_deliberate_v1_SearchUsage__Output | null);
  'stopReason': (_deliberate_v1_StopReason__Output);
  'warning': (string);
  'audit': (_deliberate_v1_SwiftAudit__Output | null);
  'exhausted': (_deliberate_v1_BudgetResource__Output);
}
