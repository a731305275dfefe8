import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { ChatMessage as _deliberate_v1_ChatMessage, ChatMessage__Output as _deliberate_v1_ChatMessage__Output } from './deliberate/v1/ChatMessage.js';
import type { Sampling as _deliberate_v1_Sampling, Sampling__Output as _deliberate_v1_Sampling__Output } from './deliberate/v1/Sampling.js';
import type { Tensor as _deliberate_v1_Tensor, Tensor__Output as _deliberate_v1_Tensor__Output } from './deliberate/v1/Tensor.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  deliberate: {
    v1: {
      ChatMessage: MessageTypeDefinition<_deliberate_v1_ChatMessage, _deliberate_v1_ChatMessage__Output>
      FinishReason: EnumTypeDefinition
      Sampling: MessageTypeDefinition<_deliberate_v1_Sampling, _deliberate_v1_Sampling__Output>
      SamplingOrder: EnumTypeDefinition
      Tensor: MessageTypeDefinition<_deliberate_v1_Tensor, _deliberate_v1_Tensor__Output>
    }
  }
}

