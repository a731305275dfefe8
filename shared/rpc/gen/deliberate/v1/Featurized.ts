// Original file: proto/deliberate/v1/generator.proto

import type { GeneratorUsage as _deliberate_v1_GeneratorUsage, GeneratorUsage__Output as _deliberate_v1_GeneratorUsage__Output } from '../../deliberate/v1/GeneratorUsage.js';

export interface Featurized {
  'usage'?: (_deliberate_v1_GeneratorUsage | null);
}

export interface Featurized__Output {
  'usage': (_deliberate_v1_GeneratorUsage__Output | null);
}
