// Original file: proto/deliberate/v1/verifier.proto

export const Strategy = {
  STRATEGY_UNSPECIFIED: 'STRATEGY_UNSPECIFIED',
  STRATEGY_AUTO: 'STRATEGY_AUTO',
  STRATEGY_GREEDY: 'STRATEGY_GREEDY',
  STRATEGY_MAJORITY: 'STRATEGY_MAJORITY',
  STRATEGY_BEST_OF_N: 'STRATEGY_BEST_OF_N',
  STRATEGY_BEAM: 'STRATEGY_BEAM',
  STRATEGY_DVTS: 'STRATEGY_DVTS',
} as const;

export type Strategy =
  | 'STRATEGY_UNSPECIFIED'
  | 0
  | 'STRATEGY_AUTO'
  | 1
  | 'STRATEGY_GREEDY'
  | 2
  | 'STRATEGY_MAJORITY'
  | 3
  | 'STRATEGY_BEST_OF_N'
  | 4
  | 'STRATEGY_BEAM'
  | 5
  | 'STRATEGY_DVTS'
  | 6

export type Strategy__Output = typeof Strategy[keyof typeof Strategy]
