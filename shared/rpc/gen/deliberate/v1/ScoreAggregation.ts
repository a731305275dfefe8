// Original file: proto/deliberate/v1/verifier.proto

export const ScoreAggregation = {
  SCORE_AGGREGATION_UNSPECIFIED: 'SCORE_AGGREGATION_UNSPECIFIED',
  SCORE_AGGREGATION_LAST: 'SCORE_AGGREGATION_LAST',
  SCORE_AGGREGATION_MIN: 'SCORE_AGGREGATION_MIN',
  SCORE_AGGREGATION_MEAN: 'SCORE_AGGREGATION_MEAN',
  SCORE_AGGREGATION_PROD: 'SCORE_AGGREGATION_PROD',
} as const;

export type ScoreAggregation =
  | 'SCORE_AGGREGATION_UNSPECIFIED'
  | 0
  | 'SCORE_AGGREGATION_LAST'
  | 1
  | 'SCORE_AGGREGATION_MIN'
  | 2
  | 'SCORE_AGGREGATION_MEAN'
  | 3
  | 'SCORE_AGGREGATION_PROD'
  | 4

export type ScoreAggregation__Output = typeof ScoreAggregation[keyof typeof ScoreAggregation]
