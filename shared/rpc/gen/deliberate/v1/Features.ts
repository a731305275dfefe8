// Original file: proto/deliberate/v1/generator.proto

export const Features = {
  FEATURES_UNSPECIFIED: 'FEATURES_UNSPECIFIED',
  FEATURES_HIDDEN_STATES: 'FEATURES_HIDDEN_STATES',
  FEATURES_LOGITS: 'FEATURES_LOGITS',
} as const;

export type Features =
  | 'FEATURES_UNSPECIFIED'
  | 0
  | 'FEATURES_HIDDEN_STATES'
  | 1
  | 'FEATURES_LOGITS'
  | 2

export type Features__Output = typeof Features[keyof typeof Features]
