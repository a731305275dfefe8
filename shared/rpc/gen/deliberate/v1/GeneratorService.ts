// Original file: proto/deliberate/v1/generator.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ExpandRequest as _deliberate_v1_ExpandRequest, ExpandRequest__Output as _deliberate_v1_ExpandRequest__Output } from '../../deliberate/v1/ExpandRequest.js';
import type { ExpandResponse as _deliberate_v1_ExpandResponse, ExpandResponse__Output as _deliberate_v1_ExpandResponse__Output } from '../../deliberate/v1/ExpandResponse.js';
import type { FeaturizeRequest as _deliberate_v1_FeaturizeRequest, FeaturizeRequest__Output as _deliberate_v1_FeaturizeRequest__Output } from '../../deliberate/v1/FeaturizeRequest.js';
import type { FeaturizeResponse as _deliberate_v1_FeaturizeResponse, FeaturizeResponse__Output as _deliberate_v1_FeaturizeResponse__Output } from '../../deliberate/v1/FeaturizeResponse.js';
import type { GetModelInfoRequest as _deliberate_v1_GetModelInfoRequest, GetModelInfoRequest__Output as _deliberate_v1_GetModelInfoRequest__Output } from '../../deliberate/v1/GetModelInfoRequest.js';
import type { GetModelInfoResponse as _deliberate_v1_GetModelInfoResponse, GetModelInfoResponse__Output as _deliberate_v1_GetModelInfoResponse__Output } from '../../deliberate/v1/GetModelInfoResponse.js';

export interface GeneratorServiceClient extends grpc.Client {
  Expand(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_deliberate_v1_ExpandRequest, _deliberate_v1_ExpandResponse__Output>;
  Expand(options?: grpc.CallOptions): grpc.ClientDuplexStream<_deliberate_v1_ExpandRequest, _deliberate_v1_ExpandResponse__Output>;
  expand(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_deliberate_v1_ExpandRequest, _deliberate_v1_ExpandResponse__Output>;
  expand(options?: grpc.CallOptions): grpc.ClientDuplexStream<_deliberate_v1_ExpandRequest, _deliberate_v1_ExpandResponse__Output>;
  
  Featurize(argument: _deliberate_v1_FeaturizeRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_deliberate_v1_FeaturizeResponse__Output>;
  Featurize(argument: _deliberate_v1_FeaturizeRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_deliberate_v1_FeaturizeResponse__Output>;
  featurize(argument: _deliberate_v1_FeaturizeRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_deliberate_v1_FeaturizeResponse__Output>;
  featurize(argument: _deliberate_v1_FeaturizeRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_deliberate_v1_FeaturizeResponse__Output>;
  
  GetModelInfo(argument: _deliberate_v1_GetModelInfoRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_deliberate_v1_GetModelInfoResponse__Output>): grpc.ClientUnaryCall;
  GetModelInfo(argument: _deliberate_v1_GetModelInfoRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_deliberate_v1_GetModelInfoResponse__Output>): grpc.ClientUnaryCall;
  GetModelInfo(argument: _deliberate_v1_GetModelInfoRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_deliberate_v1_GetModelInfoResponse__Output>): grpc.ClientUnaryCall;
  GetModelInfo(argument: _deliberate_v1_GetModelInfoRequest, callback: grpc.requestCallback<_deliberate_v1_GetModelInfoResponse__Output>): grpc.ClientUnaryCall;
  getModelInfo(argument: _deliberate_v1_GetModelInfoRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_deliberate_v1_GetModelInfoResponse__Output>): grpc.ClientUnaryCall;
  getModelInfo(argument: _deliberate_v1_GetModelInfoRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_deliberate_v1_GetModelInfoResponse__Output>): grpc.ClientUnaryCall;
  getModelInfo(argument: _deliberate_v1_GetModelInfoRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_deliberate_v1_GetModelInfoResponse__Output>): grpc.ClientUnaryCall;
  getModelInfo(argument: _deliberate_v1_GetModelInfoRequest, callback: grpc.requestCallback<_deliberate_v1_GetModelInfoResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface GeneratorServiceHandlers extends grpc.UntypedServiceImplementation {
  Expand: grpc.handleBidiStreamingCall<_deliberate_v1_ExpandRequest__Output, _deliberate_v1_ExpandResponse>;
  
  Featurize: grpc.handleServerStreamingCall<_deliberate_v1_FeaturizeRequest__Output, _deliberate_v1_FeaturizeResponse>;
  
  GetModelInfo: grpc.handleUnaryCall<_deliberate_v1_GetModelInfoRequest__Output, _deliberate_v1_GetModelInfoResponse>;
  
}

export interface GeneratorServiceDefinition extends grpc.ServiceDefinition {
  Expand: MethodDefinition<_deliberate_v1_ExpandRequest, _deliberate_v1_ExpandResponse, _deliberate_v1_ExpandRequest__Output, _deliberate_v1_ExpandResponse__Output>
  Featurize: MethodDefinition<_deliberate_v1_FeaturizeRequest, _deliberate_v1_FeaturizeResponse, _deliberate_v1_FeaturizeRequest__Output, _deliberate_v1_FeaturizeResponse__Output>
  GetModelInfo: MethodDefinition<_deliberate_v1_GetModelInfoRequest, _deliberate_v1_GetModelInfoResponse, _deliberate_v1_GetModelInfoRequest__Output, _deliberate_v1_GetModelInfoResponse__Output>
}
