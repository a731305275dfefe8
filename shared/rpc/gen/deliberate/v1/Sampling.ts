// Original file: proto/deliberate/v1/common.proto

import type { SamplingOrder as _deliberate_v1_SamplingOrder, SamplingOrder__Output as _deliberate_v1_SamplingOrder__Output } from '../../deliberate/v1/SamplingOrder.js';

export interface Sampling {
  'temperature'?: (number | string);
  'topK'?: (number);
  'topP'?: (number | string);
  'minP'?: (number | string);
  'repetitionPenalty'?: (number | string);
  'order'?: (_deliberate_v1_SamplingOrder);
  'stop'?: (string)[];
  '_temperature'?: "temperature";
  '_topK'?: "topK";
  '_topP'?: "topP";
  '_minP'?: "minP";
  '_repetitionPenalty'?: "repetitionPenalty";
}

export interface Sampling__Output {
  'temperature'?: (number);
  'topK'?: (number);
  'topP'?: (number);
  'minP'?: (number);
  'repetitionPenalty'?: (number);
  'order': (_deliberate_v1_SamplingOrder__Output);
  'stop': (string)[];
  '_temperature'?: "temperature";
  '_topK'?: "topK";
  '_topP'?: "topP";
  '_minP'?: "minP";
  '_repetitionPenalty'?: "repetitionPenalty";
}
