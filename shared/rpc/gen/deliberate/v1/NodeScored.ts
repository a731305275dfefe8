// Original file: proto/deliberate/v1/verifier.proto

import type { Long } from '@grpc/proto-loader';

export interface NodeScored {
  'nodeId'?: (number | string | Long);
  'score'?: (number | string);
  'swiftScore'?: (number | string);
  'prmScore'?: (number | string);
  '_swiftScore'?: "swiftScore";
  '_prmScore'?: "prmScore";
}

export interface NodeScored__Output {
  'nodeId': (number);
  'score': (number);
  'swiftScore'?: (number);
  'prmScore'?: (number);
  '_swiftScore'?: "swiftScore";
  '_prmScore'?: "prmScore";
}
