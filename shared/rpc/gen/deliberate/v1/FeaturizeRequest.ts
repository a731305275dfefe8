// Original file: proto/deliberate/v1/generator.proto

import type { ChatMessages as _deliberate_v1_ChatMessages, ChatMessages__Output as _deliberate_v1_ChatMessages__Output } from '../../deliberate/v1/ChatMessages.js';
import type { TokenIds as _deliberate_v1_TokenIds, TokenIds__Output as _deliberate_v1_TokenIds__Output } from '../../deliberate/v1/TokenIds.js';
import type { Continuation as _deliberate_v1_Continuation, Continuation__Output as _deliberate_v1_Continuation__Output } from '../../deliberate/v1/Continuation.js';
import type { Features as _deliberate_v1_Features, Features__Output as _deliberate_v1_Features__Output } from '../../deliberate/v1/Features.js';

export interface FeaturizeRequest {
  'prompt'?: (string);
  'messages'?: (_deliberate_v1_ChatMessages | null);
  'promptTokenIds'?: (_deliberate_v1_TokenIds | null);
  'continuations'?: (_deliberate_v1_Continuation)[];
  'features'?: (_deliberate_v1_Features);
  'priority'?: (number);
  'cacheSalt'?: (string);
  'input'?: "prompt"|"messages"|"promptTokenIds";
  '_priority'?: "priority";
  '_cacheSalt'?: "cacheSalt";
}

export interface FeaturizeRequest__Output {
  'prompt'?: (string);
  'messages'?: (_deliberate_v1_ChatMessages__Output | null);
  'promptTokenIds'?: (_deliberate_v1_TokenIds__Output | null);
  'continuations': (_deliberate_v1_Continuation__Output)[];
  'features': (_deliberate_v1_Features__Output);
  'priority'?: (number);
  'cacheSalt'?: (string);
  'input'?: "prompt"|"messages"|"promptTokenIds";
  '_priority'?: "priority";
  '_cacheSalt'?: "cacheSalt";
}
