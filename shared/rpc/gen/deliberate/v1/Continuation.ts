// Original file: proto/deliberate/v1/generator.proto

import type { TokenIds as _deliberate_v1_TokenIds, TokenIds__Output as _deliberate_v1_TokenIds__Output } from '../../deliberate/v1/TokenIds.js';

export interface Continuation {
  'text'?: (string);
  'tokenIds'?: (_deliberate_v1_TokenIds | null);
  'content'?: "text"|"tokenIds";
}

export interface Continuation__Output {
  'text'?: (string);
  'tokenIds'?: (_deliberate_v1_TokenIds__Output | null);
  'content'?: "text"|"tokenIds";
}
