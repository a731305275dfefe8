// Original file: proto/deliberate/v1/generator.proto

import type { Long } from '@grpc/proto-loader';

export interface Prune {
  'nodeIds'?: (number | string | Long)[];
}

export interface Prune__Output {
  'nodeIds': (number)[];
}
