// Original file: proto/deliberate/v1/verifier.proto


export interface AnswerVote {
  'answer'?: (string);
  'share'?: (number | string);
  'count'?: (number);
}

export interface AnswerVote__Output {
  'answer': (string);
  'share': (number);
  'count': (number);
}
