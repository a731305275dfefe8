// Original file: proto/deliberate/v1/generator.proto

import type { ChatMessage as _deliberate_v1_ChatMessage, ChatMessage__Output as _deliberate_v1_ChatMessage__Output } from '../../deliberate/v1/ChatMessage.js';

export interface ChatMessages {
  'messages'?: (_deliberate_v1_ChatMessage)[];
}

export interface ChatMessages__Output {
  'messages': (_deliberate_v1_ChatMessage__Output)[];
}
