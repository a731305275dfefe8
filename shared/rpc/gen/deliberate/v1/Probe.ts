// Original file: proto/deliberate/v1/generator.proto

import type { Tensor as _deliberate_v1_Tensor, Tensor__Output as _deliberate_v1_Tensor__Output } from '../../deliberate/v1/Tensor.js';
import type { ProbeInput as _deliberate_v1_ProbeInput, ProbeInput__Output as _deliberate_v1_ProbeInput__Output } from '../../deliberate/v1/ProbeInput.js';

export interface Probe {
  'name'?: (string);
  'modelHash'?: (string);
  'weights'?: (_deliberate_v1_Tensor | null);
  'input'?: (_deliberate_v1_ProbeInput);
}

export interface Probe__Output {
  'name': (string);
  'modelHash': (string);
  'weights': (_deliberate_v1_Tensor__Output | null);
  'input': (_deliberate_v1_ProbeInput__Output);
}
