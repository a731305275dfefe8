// Original file: proto/deliberate/v1/verifier.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetVerifierInfoRequest as _deliberate_v1_GetVerifierInfoRequest, GetVerifierInfoRequest__Output as _deliberate_v1_GetVerifierInfoRequest__Output } from '../../deliberate/v1/GetVerifierInfoRequest.js';
import type { GetVerifierInfoResponse as _deliberate_v1_GetVerifierInfoResponse, GetVerifierInfoResponse__Output as _deliberate_v1_GetVerifierInfoResponse__Output } from '../../deliberate/v1/GetVerifierInfoResponse.js';
import type { PlanRequest as _deliberate_v1_PlanRequest, PlanRequest__Output as _deliberate_v1_PlanRequest__Output } from '../../deliberate/v1/PlanRequest.js';
import type { PlanResponse as _deliberate_v1_PlanResponse, PlanResponse__Output as _deliberate_v1_PlanResponse__Output } from '../../deliberate/v1/PlanResponse.js';
import type { ScoreRequest as _deliberate_v1_ScoreRequest, ScoreRequest__Output as _deliberate_v1_ScoreRequest__Output } from '../../deliberate/v1/ScoreRequest.js';
import type { ScoreResponse as _deliberate_v1_ScoreResponse, ScoreResponse__Output as _deliberate_v1_ScoreResponse__Output } from '../../deliberate/v1/ScoreResponse.js';
import type { SolveRequest as _deliberate_v1_SolveRequest, SolveRequest__Output as _deliberate_v1_SolveRequest__Output } from '../../deliberate/v1/SolveRequest.js';
import type { SolveResponse as _deliberate_v1_SolveResponse, SolveResponse__Output as _deliberate_v1_SolveResponse__Output } from '../../deliberate/v1/SolveResponse.js';

export interface VerifierServiceClient extends grpc.Client {
  GetVerifierInfo(argument: _deliberate_v1_GetVerifierInfoRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_deliberate_v1_GetVerifierInfoResponse__Output>): grpc.ClientUnaryCall;
  GetVerifierInfo(argument: _deliberate_v1_GetVerifierInfoRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_deliberate_v1_GetVerifierInfoResponse__Output>): grpc.ClientUnaryCall;
  GetVerifierInfo(argument: _deliberate_v1_GetVerifierInfoRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_deliberate_v1_GetVerifierInfoResponse__Output>): grpc.ClientUnaryCall;
  GetVerifierInfo(argument: _deliberate_v1_GetVerifierInfoRequest, callback: grpc.requestCallback<_deliberate_v1_GetVerifierInfoResponse__Output>): grpc.ClientUnaryCall;
  getVerifierInfo(argument: _deliberate_v1_GetVerifierInfoRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_deliberate_v1_GetVerifierInfoResponse__Output>): grpc.ClientUnaryCall;
  getVerifierInfo(argument: _deliberate_v1_GetVerifierInfoRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_deliberate_v1_GetVerifierInfoResponse__Output>): grpc.ClientUnaryCall;
  getVerifierInfo(argument: _deliberate_v1_GetVerifierInfoRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_deliberate_v1_GetVerifierInfoResponse__Output>): grpc.ClientUnaryCall;
  getVerifierInfo(argument: _deliberate_v1_GetVerifierInfoRequest, callback: grpc.requestCallback<_deliberate_v1_GetVerifierInfoResponse__Output>): grpc.ClientUnaryCall;
  
  Plan(argument: _deliberate_v1_PlanRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_deliberate_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  Plan(argument: _deliberate_v1_PlanRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_deliberate_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  Plan(argument: _deliberate_v1_PlanRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_deliberate_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  Plan(argument: _deliberate_v1_PlanRequest, callback: grpc.requestCallback<_deliberate_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  plan(argument: _deliberate_v1_PlanRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_deliberate_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  plan(argument: _deliberate_v1_PlanRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_deliberate_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  plan(argument: _deliberate_v1_PlanRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_deliberate_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  plan(argument: _deliberate_v1_PlanRequest, callback: grpc.requestCallback<_deliberate_v1_PlanResponse__Output>): grpc.ClientUnaryCall;
  
  Score(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_deliberate_v1_ScoreRequest, _deliberate_v1_ScoreResponse__Output>;
  Score(options?: grpc.CallOptions): grpc.ClientDuplexStream<_deliberate_v1_ScoreRequest, _deliberate_v1_ScoreResponse__Output>;
  score(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_deliberate_v1_ScoreRequest, _deliberate_v1_ScoreResponse__Output>;
  score(options?: grpc.CallOptions): grpc.ClientDuplexStream<_deliberate_v1_ScoreRequest, _deliberate_v1_ScoreResponse__Output>;
  
  Solve(argument: _deliberate_v1_SolveRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_deliberate_v1_SolveResponse__Output>;
  Solve(argument: _deliberate_v1_SolveRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_deliberate_v1_SolveResponse__Output>;
  solve(argument: _deliberate_v1_SolveRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_deliberate_v1_SolveResponse__Output>;
  solve(argument: _deliberate_v1_SolveRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_deliberate_v1_SolveResponse__Output>;
  
}

export interface VerifierServiceHandlers extends grpc.UntypedServiceImplementation {
  GetVerifierInfo: grpc.handleUnaryCall<_deliberate_v1_GetVerifierInfoRequest__Output, _deliberate_v1_GetVerifierInfoResponse>;
  
  Plan: grpc.handleUnaryCall<_deliberate_v1_PlanRequest__Output, _deliberate_v1_PlanResponse>;
  
  Score: grpc.handleBidiStreamingCall<_deliberate_v1_ScoreRequest__Output, _deliberate_v1_ScoreResponse>;
  
  Solve: grpc.handleServerStreamingCall<_deliberate_v1_SolveRequest__Output, _deliberate_v1_SolveResponse>;
  
}

export interface VerifierServiceDefinition extends grpc.ServiceDefinition {
  GetVerifierInfo: MethodDefinition<_deliberate_v1_GetVerifierInfoRequest, _deliberate_v1_GetVerifierInfoResponse, _deliberate_v1_GetVerifierInfoRequest__Output, _deliberate_v1_GetVerifierInfoResponse__Output>
  Plan: MethodDefinition<_deliberate_v1_PlanRequest, _deliberate_v1_PlanResponse, _deliberate_v1_PlanRequest__Output, _deliberate_v1_PlanResponse__Output>
  Score: MethodDefinition<_deliberate_v1_ScoreRequest, _deliberate_v1_ScoreResponse, _deliberate_v1_ScoreRequest__Output, _deliberate_v1_ScoreResponse__Output>
  Solve: MethodDefinition<_deliberate_v1_SolveRequest, _deliberate_v1_SolveResponse, _deliberate_v1_SolveRequest__Output, _deliberate_v1_SolveResponse__Output>
}
