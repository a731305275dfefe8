// Original file: proto/deliberate/v1/verifier.proto

import type { Long } from '@grpc/proto-loader';

export interface Candidate {
  'nodeId'?: (number | string | Long);
  'answer'?: (string);
  'score'?: (number | string);
  'text'?: (string);
  'stepScores'?: (number | string)[];
  'meanLogProb'?: (number | string);
  'swiftScore'?: (number | string);
  'prmScore'?: (number | string);
  'meanEntropy'?: (number | string);
  'tokenCount'?: (number);
  'subtree'?: (number);
  '_score'?: "score";
  '_swiftScore'?: "swiftScore";
  '_prmScore'?: "prmScore";
}

export interface Candidate__Output {
  'nodeId': (number);
  'answer': (string);
  'score'?: (number);
  'text': (string);
  'stepScores': (number)[];
  'meanLogProb': (number);
  'swiftScore'?: (number);
  'prmScore'?: (number);
  'meanEntropy': (number);
  'tokenCount': (number);
  'subtree': (number);
  '_score'?: "score";
  '_swiftScore'?: "swiftScore";
  '_prmScore'?: "prmScore";
}
