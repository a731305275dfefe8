// Original file: proto/deliberate/v1/generator.proto

import type { ChatMessages as _deliberate_v1_ChatMessages, ChatMessages__Output as _deliberate_v1_ChatMessages__Output } from '../../deliberate/v1/ChatMessages.js';
import type { TokenIds as _deliberate_v1_TokenIds, TokenIds__Output as _deliberate_v1_TokenIds__Output } from '../../deliberate/v1/TokenIds.js';
import type { Sampling as _deliberate_v1_Sampling, Sampling__Output as _deliberate_v1_Sampling__Output } from '../../deliberate/v1/Sampling.js';
import type { Probe as _deliberate_v1_Probe, Probe__Output as _deliberate_v1_Probe__Output } from '../../deliberate/v1/Probe.js';
import type { Long } from '@grpc/proto-loader';

export interface Open {
  'prompt'?: (string);
  'messages'?: (_deliberate_v1_ChatMessages | null);
  'promptTokenIds'?: (_deliberate_v1_TokenIds | null);
  'sampling'?: (_deliberate_v1_Sampling | null);
  'seed'?: (number | string | Long);
  'probes'?: (_deliberate_v1_Probe)[];
  'stepDelimiter'?: (string);
  'includePromptProbe'?: (boolean);
  'priority'?: (number);
  'cacheSalt'?: (string);
  'includeHiddenStates'?: (boolean);
  'input'?: "prompt"|"messages"|"promptTokenIds";
  '_seed'?: "seed";
  '_stepDelimiter'?: "stepDelimiter";
  '_priority'?: "priority";
  '_cacheSalt'?: "cacheSalt";
}

export interface Open__Output {
  'prompt'?: (string);
  'messages'?: (_deliberate_v1_ChatMessages__Output | null);
  'promptTokenIds'?: (_deliberate_v1_TokenIds__Output | null);
  'sampling': (_deliberate_v1_Sampling__Output | null);
  'seed'?: (number);
  'probes': (_deliberate_v1_Probe__Output)[];
  'stepDelimiter'?: (string);
  'includePromptProbe': (boolean);
  'priority'?: (number);
  'cacheSalt'?: (string);
  'includeHiddenStates': (boolean);
  'input'?: "prompt"|"messages"|"promptTokenIds";
  '_seed'?: "seed";
  '_stepDelimiter'?: "stepDelimiter";
  '_priority'?: "priority";
  '_cacheSalt'?: "cacheSalt";
}
