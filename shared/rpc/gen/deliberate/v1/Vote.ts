// Original file: proto/deliberate/v1/verifier.proto

export const Vote = {
  VOTE_UNSPECIFIED: 'VOTE_UNSPECIFIED',
  VOTE_WEIGHTED: 'VOTE_WEIGHTED',
  VOTE_MAX: 'VOTE_MAX',
  VOTE_MAJORITY: 'VOTE_MAJORITY',
} as const;

export type Vote =
  | 'VOTE_UNSPECIFIED'
  | 0
  | 'VOTE_WEIGHTED'
  | 1
  | 'VOTE_MAX'
  | 2
  | 'VOTE_MAJORITY'
  | 3

export type Vote__Output = typeof Vote[keyof typeof Vote]
