// Original file: proto/deliberate/v1/generator.proto

import type { Featurizing as _deliberate_v1_Featurizing, Featurizing__Output as _deliberate_v1_Featurizing__Output } from '../../deliberate/v1/Featurizing.js';
import type { FeatureChunk as _deliberate_v1_FeatureChunk, FeatureChunk__Output as _deliberate_v1_FeatureChunk__Output } from '../../deliberate/v1/FeatureChunk.js';
import type { Featurized as _deliberate_v1_Featurized, Featurized__Output as _deliberate_v1_Featurized__Output } from '../../deliberate/v1/Featurized.js';

export interface FeaturizeResponse {
  'featurizing'?: (_deliberate_v1_Featurizing | null);
  'chunk'?: (_deliberate_v1_FeatureChunk | null);
  'featurized'?: (_deliberate_v1_Featurized | null);
  'response'?: "featurizing"|"chunk"|"featurized";
}

export interface FeaturizeResponse__Output {
  'featurizing'?: (_deliberate_v1_Featurizing__Output | null);
  'chunk'?: (_deliberate_v1_FeatureChunk__Output | null);
  'featurized'?: (_deliberate_v1_Featurized__Output | null);
  'response'?: "featurizing"|"chunk"|"featurized";
}
