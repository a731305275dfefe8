// Original file: proto/deliberate/v1/generator.proto

import type { Open as _deliberate_v1_Open, Open__Output as _deliberate_v1_Open__Output } from '../../deliberate/v1/Open.js';
import type { Grow as _deliberate_v1_Grow, Grow__Output as _deliberate_v1_Grow__Output } from '../../deliberate/v1/Grow.js';
import type { Prune as _deliberate_v1_Prune, Prune__Output as _deliberate_v1_Prune__Output } from '../../deliberate/v1/Prune.js';

export interface ExpandRequest {
  'open'?: (_deliberate_v1_Open | null);
  'grow'?: (_deliberate_v1_Grow | null);
  'prune'?: (_deliberate_v1_Prune | null);
  'request'?: "open"|"grow"|"prune";
}

export interface ExpandRequest__Output {
  'open'?: (_deliberate_v1_Open__Output | null);
  'grow'?: (_deliberate_v1_Grow__Output | null);
  'prune'?: (_deliberate_v1_Prune__Output | null);
  'request'?: "open"|"grow"|"prune";
}
