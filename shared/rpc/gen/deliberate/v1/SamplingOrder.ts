// Original file: proto/deliberate/v1/common.proto

export const SamplingOrder = {
  SAMPLING_ORDER_UNSPECIFIED: 'SAMPLING_ORDER_UNSPECIFIED',
  SAMPLING_ORDER_TEMPERATURE_FIRST: 'SAMPLING_ORDER_TEMPERATURE_FIRST',
  SAMPLING_ORDER_FILTER_FIRST: 'SAMPLING_ORDER_FILTER_FIRST',
} as const;

export type SamplingOrder =
  | 'SAMPLING_ORDER_UNSPECIFIED'
  | 0
  | 'SAMPLING_ORDER_TEMPERATURE_FIRST'
  | 1
  | 'SAMPLING_ORDER_FILTER_FIRST'
  | 2

export type SamplingOrder__Output = typeof SamplingOrder[keyof typeof SamplingOrder]
