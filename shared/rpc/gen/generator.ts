import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { ChatMessage as _deliberate_v1_ChatMessage, ChatMessage__Output as _deliberate_v1_ChatMessage__Output } from './deliberate/v1/ChatMessage.js';
import type { ChatMessages as _deliberate_v1_ChatMessages, ChatMessages__Output as _deliberate_v1_ChatMessages__Output } from './deliberate/v1/ChatMessages.js';
import type { Closed as _deliberate_v1_Closed, Closed__Output as _deliberate_v1_Closed__Output } from './deliberate/v1/Closed.js';
import type { Continuation as _deliberate_v1_Continuation, Continuation__Output as _deliberate_v1_Continuation__Output } from './deliberate/v1/Continuation.js';
import type { ExpandRequest as _deliberate_v1_ExpandRequest, ExpandRequest__Output as _deliberate_v1_ExpandRequest__Output } from './deliberate/v1/ExpandRequest.js';
import type { ExpandResponse as _deliberate_v1_ExpandResponse, ExpandResponse__Output as _deliberate_v1_ExpandResponse__Output } from './deliberate/v1/ExpandResponse.js';
import type { FeatureChunk as _deliberate_v1_FeatureChunk, FeatureChunk__Output as _deliberate_v1_FeatureChunk__Output } from './deliberate/v1/FeatureChunk.js';
import type { FeaturizeRequest as _deliberate_v1_FeaturizeRequest, FeaturizeRequest__Output as _deliberate_v1_FeaturizeRequest__Output } from './deliberate/v1/FeaturizeRequest.js';
import type { FeaturizeResponse as _deliberate_v1_FeaturizeResponse, FeaturizeResponse__Output as _deliberate_v1_FeaturizeResponse__Output } from './deliberate/v1/FeaturizeResponse.js';
import type { Featurized as _deliberate_v1_Featurized, Featurized__Output as _deliberate_v1_Featurized__Output } from './deliberate/v1/Featurized.js';
import type { Featurizing as _deliberate_v1_Featurizing, Featurizing__Output as _deliberate_v1_Featurizing__Output } from './deliberate/v1/Featurizing.js';
import type { GeneratorLimits as _deliberate_v1_GeneratorLimits, GeneratorLimits__Output as _deliberate_v1_GeneratorLimits__Output } from './deliberate/v1/GeneratorLimits.js';
import type { GeneratorServiceClient as _deliberate_v1_GeneratorServiceClient, GeneratorServiceDefinition as _deliberate_v1_GeneratorServiceDefinition } from './deliberate/v1/GeneratorService.js';
import type { GeneratorUsage as _deliberate_v1_GeneratorUsage, GeneratorUsage__Output as _deliberate_v1_GeneratorUsage__Output } from './deliberate/v1/GeneratorUsage.js';
import type { GetModelInfoRequest as _deliberate_v1_GetModelInfoRequest, GetModelInfoRequest__Output as _deliberate_v1_GetModelInfoRequest__Output } from './deliberate/v1/GetModelInfoRequest.js';
import type { GetModelInfoResponse as _deliberate_v1_GetModelInfoResponse, GetModelInfoResponse__Output as _deliberate_v1_GetModelInfoResponse__Output } from './deliberate/v1/GetModelInfoResponse.js';
import type { Grow as _deliberate_v1_Grow, Grow__Output as _deliberate_v1_Grow__Output } from './deliberate/v1/Grow.js';
import type { Grown as _deliberate_v1_Grown, Grown__Output as _deliberate_v1_Grown__Output } from './deliberate/v1/Grown.js';
import type { MemoryUsage as _deliberate_v1_MemoryUsage, MemoryUsage__Output as _deliberate_v1_MemoryUsage__Output } from './deliberate/v1/MemoryUsage.js';
import type { Open as _deliberate_v1_Open, Open__Output as _deliberate_v1_Open__Output } from './deliberate/v1/Open.js';
import type { Opened as _deliberate_v1_Opened, Opened__Output as _deliberate_v1_Opened__Output } from './deliberate/v1/Opened.js';
import type { Probe as _deliberate_v1_Probe, Probe__Output as _deliberate_v1_Probe__Output } from './deliberate/v1/Probe.js';
import type { Prune as _deliberate_v1_Prune, Prune__Output as _deliberate_v1_Prune__Output } from './deliberate/v1/Prune.js';
import type { Sampling as _deliberate_v1_Sampling, Sampling__Output as _deliberate_v1_Sampling__Output } from './deliberate/v1/Sampling.js';
import type { Step as _deliberate_v1_Step, Step__Output as _deliberate_v1_Step__Output } from './deliberate/v1/Step.js';
import type { Tensor as _deliberate_v1_Tensor, Tensor__Output as _deliberate_v1_Tensor__Output } from './deliberate/v1/Tensor.js';
import type { TokenIds as _deliberate_v1_TokenIds, TokenIds__Output as _deliberate_v1_TokenIds__Output } from './deliberate/v1/TokenIds.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  deliberate: {
    v1: {
      ChatMessage: MessageTypeDefinition<_deliberate_v1_ChatMessage, _deliberate_v1_ChatMessage__Output>
      ChatMessages: MessageTypeDefinition<_deliberate_v1_ChatMessages, _deliberate_v1_ChatMessages__Output>
      Closed: MessageTypeDefinition<_deliberate_v1_Closed, _deliberate_v1_Closed__Output>
      Continuation: MessageTypeDefinition<_deliberate_v1_Continuation, _deliberate_v1_Continuation__Output>
      ExpandRequest: MessageTypeDefinition<_deliberate_v1_ExpandRequest, _deliberate_v1_ExpandRequest__Output>
      ExpandResponse: MessageTypeDefinition<_deliberate_v1_ExpandResponse, _deliberate_v1_ExpandResponse__Output>
      FeatureChunk: MessageTypeDefinition<_deliberate_v1_FeatureChunk, _deliberate_v1_FeatureChunk__Output>
      Features: EnumTypeDefinition
      FeaturizeRequest: MessageTypeDefinition<_deliberate_v1_FeaturizeRequest, _deliberate_v1_FeaturizeRequest__Output>
      FeaturizeResponse: MessageTypeDefinition<_deliberate_v1_FeaturizeResponse, _deliberate_v1_FeaturizeResponse__Output>
      Featurized: MessageTypeDefinition<_deliberate_v1_Featurized, _deliberate_v1_Featurized__Output>
      Featurizing: MessageTypeDefinition<_deliberate_v1_Featurizing, _deliberate_v1_Featurizing__Output>
      FinishReason: EnumTypeDefinition
      GeneratorLimits: MessageTypeDefinition<_deliberate_v1_GeneratorLimits, _deliberate_v1_GeneratorLimits__Output>
      GeneratorService: SubtypeConstructor<typeof grpc.Client, _deliberate_v1_GeneratorServiceClient> & { service: _deliberate_v1_GeneratorServiceDefinition }
      GeneratorUsage: MessageTypeDefinition<_deliberate_v1_GeneratorUsage, _deliberate_v1_GeneratorUsage__Output>
      GetModelInfoRequest: MessageTypeDefinition<_deliberate_v1_GetModelInfoRequest, _deliberate_v1_GetModelInfoRequest__Output>
      GetModelInfoResponse: MessageTypeDefinition<_deliberate_v1_GetModelInfoResponse, _deliberate_v1_GetModelInfoResponse__Output>
      Grow: MessageTypeDefinition<_deliberate_v1_Grow, _deliberate_v1_Grow__Output>
      Grown: MessageTypeDefinition<_deliberate_v1_Grown, _deliberate_v1_Grown__Output>
      MemoryUsage: MessageTypeDefinition<_deliberate_v1_MemoryUsage, _deliberate_v1_MemoryUsage__Output>
      Open: MessageTypeDefinition<_deliberate_v1_Open, _deliberate_v1_Open__Output>
      Opened: MessageTypeDefinition<_deliberate_v1_Opened, _deliberate_v1_Opened__Output>
      Probe: MessageTypeDefinition<_deliberate_v1_Probe, _deliberate_v1_Probe__Output>
      ProbeInput: EnumTypeDefinition
      Prune: MessageTypeDefinition<_deliberate_v1_Prune, _deliberate_v1_Prune__Output>
      Sampling: MessageTypeDefinition<_deliberate_v1_Sampling, _deliberate_v1_Sampling__Output>
      SamplingOrder: EnumTypeDefinition
      Step: MessageTypeDefinition<_deliberate_v1_Step, _deliberate_v1_Step__Output>
      Tensor: MessageTypeDefinition<_deliberate_v1_Tensor, _deliberate_v1_Tensor__Output>
      TokenIds: MessageTypeDefinition<_deliberate_v1_TokenIds, _deliberate_v1_TokenIds__Output>
    }
  }
}

