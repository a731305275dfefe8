// Original file: proto/deliberate/v1/verifier.proto


export interface StartScoring {
  'problem'?: (string);
}

export interface StartScoring__Output {
  'problem': (string);
}
