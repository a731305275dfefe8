// Original file: proto/deliberate/v1/generator.proto

import type { Opened as _deliberate_v1_Opened, Opened__Output as _deliberate_v1_Opened__Output } from '../../deliberate/v1/Opened.js';
import type { Step as _deliberate_v1_Step, Step__Output as _deliberate_v1_Step__Output } from '../../deliberate/v1/Step.js';
import type { Grown as _deliberate_v1_Grown, Grown__Output as _deliberate_v1_Grown__Output } from '../../deliberate/v1/Grown.js';
import type { Closed as _deliberate_v1_Closed, Closed__Output as _deliberate_v1_Closed__Output } from '../../deliberate/v1/Closed.js';

export interface ExpandResponse {
  'opened'?: (_deliberate_v1_Opened | null);
  'step'?: (_deliberate_v1_Step | null);
  'grown'?: (_deliberate_v1_Grown | null);
  'closed'?: (_deliberate_v1_Closed | null);
  'response'?: "opened"|"step"|"grown"|"closed";
}

export interface ExpandResponse__Output {
  'opened'?: (_deliberate_v1_Opened__Output | null);
  'step'?: (_deliberate_v1_Step__Output | null);
  'grown'?: (_deliberate_v1_Grown__Output | null);
  'closed'?: (_deliberate_v1_Closed__Output | null);
  'response'?: "opened"|"step"|"grown"|"closed";
}
