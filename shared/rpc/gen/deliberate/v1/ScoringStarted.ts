// Original file: proto/deliberate/v1/verifier.proto


export interface ScoringStarted {
  'problemTokens'?: (number);
}

export interface ScoringStarted__Output {
  'problemTokens': (number);
}
