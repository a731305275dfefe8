// Original file: proto/deliberate/v1/generator.proto

export const ProbeInput = {
  PROBE_INPUT_UNSPECIFIED: 'PROBE_INPUT_UNSPECIFIED',
  PROBE_INPUT_HIDDEN_STATES: 'PROBE_INPUT_HIDDEN_STATES',
  PROBE_INPUT_HIDDEN_STATES_FINAL_NORM: 'PROBE_INPUT_HIDDEN_STATES_FINAL_NORM',
  PROBE_INPUT_LOGITS: 'PROBE_INPUT_LOGITS',
} as const;

export type ProbeInput =
  | 'PROBE_INPUT_UNSPECIFIED'
  | 0
  | 'PROBE_INPUT_HIDDEN_STATES'
  | 1
  | 'PROBE_INPUT_HIDDEN_STATES_FINAL_NORM'
  | 2
  | 'PROBE_INPUT_LOGITS'
  | 3

export type ProbeInput__Output = typeof ProbeInput[keyof typeof ProbeInput]
