// Original file: proto/deliberate/v1/verifier.proto

export const Verifier = {
  VERIFIER_UNSPECIFIED: 'VERIFIER_UNSPECIFIED',
  VERIFIER_PRM: 'VERIFIER_PRM',
  VERIFIER_SWIFT: 'VERIFIER_SWIFT',
  VERIFIER_NONE: 'VERIFIER_NONE',
  VERIFIER_RANK_FUSION: 'VERIFIER_RANK_FUSION',
  VERIFIER_SCALED_FUSION: 'VERIFIER_SCALED_FUSION',
} as const;

export type Verifier =
  | 'VERIFIER_UNSPECIFIED'
  | 0
  | 'VERIFIER_PRM'
  | 1
  | 'VERIFIER_SWIFT'
  | 2
  | 'VERIFIER_NONE'
  | 3
  | 'VERIFIER_RANK_FUSION'
  | 4
  | 'VERIFIER_SCALED_FUSION'
  | 5

export type Verifier__Output = typeof Verifier[keyof typeof Verifier]
