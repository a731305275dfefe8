// Original file: proto/deliberate/v1/verifier.proto

export const Verifier = {
  VERIFIER_UNSPECIFIED: 'VERIFIER_UNSPECIFIED',
  VERIFIER_PRM: 'VERIFIER_PRM',
  VERIFIER_SWIFT: 'VERIFIER_SWIFT',
  VERIFIER_NONE: 'VERIFIER_NONE',
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

export type Verifier__Output = typeof Verifier[keyof typeof Verifier]
