// Original file: proto/deliberate/v1/generator.proto

import type { Tensor as _deliberate_v1_Tensor, Tensor__Output as _deliberate_v1_Tensor__Output } from '../../deliberate/v1/Tensor.js';

export interface Probe {
  'name'?: (string);
  'modelHash'?: (string);
  'weights'?: (_deliberate_v1_Tensor | null);
}

export interface Probe__Output {
  'name': (string);
  'modelHash': (string);
  'weights': (_deliberate_v1_Tensor__Output | null);
}
