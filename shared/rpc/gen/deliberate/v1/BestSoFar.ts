// Original file: proto/deliberate/v1/verifier.proto


export interface BestSoFar {
  'answer'?: (string);
  'confidence'?: (number | string);
  'finishedCandidates'?: (number);
}

export interface BestSoFar__Output {
  'answer': (string);
  'confidence': (number);
  'finishedCandidates': (number);
}
