// Original file: proto/deliberate/v1/verifier.proto

export const StopReason = {
  STOP_REASON_UNSPECIFIED: 'STOP_REASON_UNSPECIFIED',
  STOP_REASON_FINISHED: 'STOP_REASON_FINISHED',
  STOP_REASON_DECIDED: 'STOP_REASON_DECIDED',
  STOP_REASON_BUDGET: 'STOP_REASON_BUDGET',
  STOP_REASON_DEADLINE: 'STOP_REASON_DEADLINE',
  STOP_REASON_DEPTH: 'STOP_REASON_DEPTH',
} as const;

export type StopReason =
  | 'STOP_REASON_UNSPECIFIED'
  | 0
  | 'STOP_REASON_FINISHED'
  | 1
  | 'STOP_REASON_DECIDED'
  | 2
  | 'STOP_REASON_BUDGET'
  | 3
  | 'STOP_REASON_DEADLINE'
  | 4
  | 'STOP_REASON_DEPTH'
  | 5

export type StopReason__Output = typeof StopReason[keyof typeof StopReason]
