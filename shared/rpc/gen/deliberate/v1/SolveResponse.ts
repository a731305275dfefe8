// Original file: proto/deliberate/v1/verifier.proto

import type { PlanChosen as _deliberate_v1_PlanChosen, PlanChosen__Output as _deliberate_v1_PlanChosen__Output } from '../../deliberate/v1/PlanChosen.js';
import type { NodeAdded as _deliberate_v1_NodeAdded, NodeAdded__Output as _deliberate_v1_NodeAdded__Output } from '../../deliberate/v1/NodeAdded.js';
import type { NodeScored as _deliberate_v1_NodeScored, NodeScored__Output as _deliberate_v1_NodeScored__Output } from '../../deliberate/v1/NodeScored.js';
import type { NodePruned as _deliberate_v1_NodePruned, NodePruned__Output as _deliberate_v1_NodePruned__Output } from '../../deliberate/v1/NodePruned.js';
import type { BestSoFar as _deliberate_v1_BestSoFar, BestSoFar__Output as _deliberate_v1_BestSoFar__Output } from '../../deliberate/v1/BestSoFar.js';
import type { Solved as _deliberate_v1_Solved, Solved__Output as _deliberate_v1_Solved__Output } from '../../deliberate/v1/Solved.js';

export interface SolveResponse {
  'planChosen'?: (_deliberate_v1_PlanChosen | null);
  'nodeAdded'?: (_deliberate_v1_NodeAdded | null);
  'nodeScored'?: (_deliberate_v1_NodeScored | null);
  'nodePruned'?: (_deliberate_v1_NodePruned | null);
  'bestSoFar'?: (_deliberate_v1_BestSoFar | null);
  'solved'?: (_deliberate_v1_Solved | null);
  'event'?: "planChosen"|"nodeAdded"|"nodeScored"|"nodePruned"|"bestSoFar"|"solved";
}

export interface SolveResponse__Output {
  'planChosen'?: (_deliberate_v1_PlanChosen__Output | null);
  'nodeAdded'?: (_deliberate_v1_NodeAdded__Output | null);
  'nodeScored'?: (_deliberate_v1_NodeScored__Output | null);
  'nodePruned'?: (_deliberate_v1_NodePruned__Output | null);
  'bestSoFar'?: (_deliberate_v1_BestSoFar__Output | null);
  'solved'?: (_deliberate_v1_Solved__Output | null);
  'event'?: "planChosen"|"nodeAdded"|"nodeScored"|"nodePruned"|"bestSoFar"|"solved";
}
