import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AnswerVote as _deliberate_v1_AnswerVote, AnswerVote__Output as _deliberate_v1_AnswerVote__Output } from './deliberate/v1/AnswerVote.js';
import type { AppendSteps as _deliberate_v1_AppendSteps, AppendSteps__Output as _deliberate_v1_AppendSteps__Output } from './deliberate/v1/AppendSteps.js';
import type { BestSoFar as _deliberate_v1_BestSoFar, BestSoFar__Output as _deliberate_v1_BestSoFar__Output } from './deliberate/v1/BestSoFar.js';
import type { Budget as _deliberate_v1_Budget, Budget__Output as _deliberate_v1_Budget__Output } from './deliberate/v1/Budget.js';
import type { Candidate as _deliberate_v1_Candidate, Candidate__Output as _deliberate_v1_Candidate__Output } from './deliberate/v1/Candidate.js';
import type { ChatMessage as _deliberate_v1_ChatMessage, ChatMessage__Output as _deliberate_v1_ChatMessage__Output } from './deliberate/v1/ChatMessage.js';
import type { GetVerifierInfoRequest as _deliberate_v1_GetVerifierInfoRequest, GetVerifierInfoRequest__Output as _deliberate_v1_GetVerifierInfoRequest__Output } from './deliberate/v1/GetVerifierInfoRequest.js';
import type { GetVerifierInfoResponse as _deliberate_v1_GetVerifierInfoResponse, GetVerifierInfoResponse__Output as _deliberate_v1_GetVerifierInfoResponse__Output } from './deliberate/v1/GetVerifierInfoResponse.js';
import type { NodeAdded as _deliberate_v1_NodeAdded, NodeAdded__Output as _deliberate_v1_NodeAdded__Output } from './deliberate/v1/NodeAdded.js';
import type { NodePruned as _deliberate_v1_NodePruned, NodePruned__Output as _deliberate_v1_NodePruned__Output } from './deliberate/v1/NodePruned.js';
import type { NodeScored as _deliberate_v1_NodeScored, NodeScored__Output as _deliberate_v1_NodeScored__Output } from './deliberate/v1/NodeScored.js';
import type { PlanChosen as _deliberate_v1_PlanChosen, PlanChosen__Output as _deliberate_v1_PlanChosen__Output } from './deliberate/v1/PlanChosen.js';
import type { PlanRequest as _deliberate_v1_PlanRequest, PlanRequest__Output as _deliberate_v1_PlanRequest__Output } from './deliberate/v1/PlanRequest.js';
import type { PlanResponse as _deliberate_v1_PlanResponse, PlanResponse__Output as _deliberate_v1_PlanResponse__Output } from './deliberate/v1/PlanResponse.js';
import type { Sampling as _deliberate_v1_Sampling, Sampling__Output as _deliberate_v1_Sampling__Output } from './deliberate/v1/Sampling.js';
import type { ScoreRequest as _deliberate_v1_ScoreRequest, ScoreRequest__Output as _deliberate_v1_ScoreRequest__Output } from './deliberate/v1/ScoreRequest.js';
import type { ScoreResponse as _deliberate_v1_ScoreResponse, ScoreResponse__Output as _deliberate_v1_ScoreResponse__Output } from './deliberate/v1/ScoreResponse.js';
import type { ScoringClosed as _deliberate_v1_ScoringClosed, ScoringClosed__Output as _deliberate_v1_ScoringClosed__Output } from './deliberate/v1/ScoringClosed.js';
import type { ScoringStarted as _deliberate_v1_ScoringStarted, ScoringStarted__Output as _deliberate_v1_ScoringStarted__Output } from './deliberate/v1/ScoringStarted.js';
import type { SearchPlan as _deliberate_v1_SearchPlan, SearchPlan__Output as _deliberate_v1_SearchPlan__Output } from './deliberate/v1/SearchPlan.js';
import type { SearchUsage as _deliberate_v1_SearchUsage, SearchUsage__Output as _deliberate_v1_SearchUsage__Output } from './deliberate/v1/SearchUsage.js';
import type { SolveRequest as _deliberate_v1_SolveRequest, SolveRequest__Output as _deliberate_v1_SolveRequest__Output } from './deliberate/v1/SolveRequest.js';
import type { SolveResponse as _deliberate_v1_SolveResponse, SolveResponse__Output as _deliberate_v1_SolveResponse__Output } from './deliberate/v1/SolveResponse.js';
import type { Solved as _deliberate_v1_Solved, Solved__Output as _deliberate_v1_Solved__Output } from './deliberate/v1/Solved.js';
import type { StartScoring as _deliberate_v1_StartScoring, StartScoring__Output as _deliberate_v1_StartScoring__Output } from './deliberate/v1/StartScoring.js';
import type { StepScore as _deliberate_v1_StepScore, StepScore__Output as _deliberate_v1_StepScore__Output } from './deliberate/v1/StepScore.js';
import type { StepScores as _deliberate_v1_StepScores, StepScores__Output as _deliberate_v1_StepScores__Output } from './deliberate/v1/StepScores.js';
import type { SwiftAudit as _deliberate_v1_SwiftAudit, SwiftAudit__Output as _deliberate_v1_SwiftAudit__Output } from './deliberate/v1/SwiftAudit.js';
import type { Tensor as _deliberate_v1_Tensor, Tensor__Output as _deliberate_v1_Tensor__Output } from './deliberate/v1/Tensor.js';
import type { VerifierServiceClient as _deliberate_v1_VerifierServiceClient, VerifierServiceDefinition as _deliberate_v1_VerifierServiceDefinition } from './deliberate/v1/VerifierService.js';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from './google/protobuf/Duration.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  deliberate: {
    v1: {
      AnswerVote: MessageTypeDefinition<_deliberate_v1_AnswerVote, _deliberate_v1_AnswerVote__Output>
      AppendSteps: MessageTypeDefinition<_deliberate_v1_AppendSteps, _deliberate_v1_AppendSteps__Output>
      BestSoFar: MessageTypeDefinition<_deliberate_v1_BestSoFar, _deliberate_v1_BestSoFar__Output>
      Budget: MessageTypeDefinition<_deliberate_v1_Budget, _deliberate_v1_Budget__Output>
      BudgetResource: EnumTypeDefinition
      Candidate: MessageTypeDefinition<_deliberate_v1_Candidate, _deliberate_v1_Candidate__Output>
      ChatMessage: MessageTypeDefinition<_deliberate_v1_ChatMessage, _deliberate_v1_ChatMessage__Output>
      FinishReason: EnumTypeDefinition
      GetVerifierInfoRequest: MessageTypeDefinition<_deliberate_v1_GetVerifierInfoRequest, _deliberate_v1_GetVerifierInfoRequest__Output>
      GetVerifierInfoResponse: MessageTypeDefinition<_deliberate_v1_GetVerifierInfoResponse, _deliberate_v1_GetVerifierInfoResponse__Output>
      NodeAdded: MessageTypeDefinition<_deliberate_v1_NodeAdded, _deliberate_v1_NodeAdded__Output>
      NodePruned: MessageTypeDefinition<_deliberate_v1_NodePruned, _deliberate_v1_NodePruned__Output>
      NodeScored: MessageTypeDefinition<_deliberate_v1_NodeScored, _deliberate_v1_NodeScored__Output>
      PlanChosen: MessageTypeDefinition<_deliberate_v1_PlanChosen, _deliberate_v1_PlanChosen__Output>
      PlanRequest: MessageTypeDefinition<_deliberate_v1_PlanRequest, _deliberate_v1_PlanRequest__Output>
      PlanResponse: MessageTypeDefinition<_deliberate_v1_PlanResponse, _deliberate_v1_PlanResponse__Output>
      Sampling: MessageTypeDefinition<_deliberate_v1_Sampling, _deliberate_v1_Sampling__Output>
      SamplingOrder: EnumTypeDefinition
      ScoreAggregation: EnumTypeDefinition
      ScoreRequest: MessageTypeDefinition<_deliberate_v1_ScoreRequest, _deliberate_v1_ScoreRequest__Output>
      ScoreResponse: MessageTypeDefinition<_deliberate_v1_ScoreResponse, _deliberate_v1_ScoreResponse__Output>
      ScoringClosed: MessageTypeDefinition<_deliberate_v1_ScoringClosed, _deliberate_v1_ScoringClosed__Output>
      ScoringStarted: MessageTypeDefinition<_deliberate_v1_ScoringStarted, _deliberate_v1_ScoringStarted__Output>
      SearchPlan: MessageTypeDefinition<_deliberate_v1_SearchPlan, _deliberate_v1_SearchPlan__Output>
      SearchUsage: MessageTypeDefinition<_deliberate_v1_SearchUsage, _deliberate_v1_SearchUsage__Output>
      SolveRequest: MessageTypeDefinition<_deliberate_v1_SolveRequest, _deliberate_v1_SolveRequest__Output>
      SolveResponse: MessageTypeDefinition<_deliberate_v1_SolveResponse, _deliberate_v1_SolveResponse__Output>
      Solved: MessageTypeDefinition<_deliberate_v1_Solved, _deliberate_v1_Solved__Output>
      StartScoring: MessageTypeDefinition<_deliberate_v1_StartScoring, _deliberate_v1_StartScoring__Output>
      StepScore: MessageTypeDefinition<_deliberate_v1_StepScore, _deliberate_v1_StepScore__Output>
      StepScores: MessageTypeDefinition<_deliberate_v1_StepScores, _deliberate_v1_StepScores__Output>
      StopReason: EnumTypeDefinition
      Strategy: EnumTypeDefinition
      SwiftAudit: MessageTypeDefinition<_deliberate_v1_SwiftAudit, _deliberate_v1_SwiftAudit__Output>
      Tensor: MessageTypeDefinition<_deliberate_v1_Tensor, _deliberate_v1_Tensor__Output>
      Verifier: EnumTypeDefinition
      VerifierService: SubtypeConstructor<typeof grpc.Client, _deliberate_v1_VerifierServiceClient> & { service: _deliberate_v1_VerifierServiceDefinition }
      Vote: EnumTypeDefinition
    }
  }
  google: {
    protobuf: {
      Duration: MessageTypeDefinition<_google_protobuf_Duration, _google_protobuf_Duration__Output>
    }
  }
}

