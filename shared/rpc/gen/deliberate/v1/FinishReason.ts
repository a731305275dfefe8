// Original file: proto/deliberate/v1/common.proto

export const FinishReason = {
  FINISH_REASON_UNSPECIFIED: 'FINISH_REASON_UNSPECIFIED',
  FINISH_REASON_STEP: 'FINISH_REASON_STEP',
  FINISH_REASON_EOS: 'FINISH_REASON_EOS',
  FINISH_REASON_STOP: 'FINISH_REASON_STOP',
  FINISH_REASON_LENGTH: 'FINISH_REASON_LENGTH',
  FINISH_REASON_CANCELLED: 'FINISH_REASON_CANCELLED',
} as const;

export type FinishReason =
  | 'FINISH_REASON_UNSPECIFIED'
  | 0
  | 'FINISH_REASON_STEP'
  | 1
  | 'FINISH_REASON_EOS'
  | 2
  | 'FINISH_REASON_STOP'
  | 3
  | 'FINISH_REASON_LENGTH'
  | 4
  | 'FINISH_REASON_CANCELLED'
  | 5

export type FinishReason__Output = typeof FinishReason[keyof typeof FinishReason]
