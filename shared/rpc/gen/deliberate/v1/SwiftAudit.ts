// Original file: proto/deliberate/v1/verifier.proto


export interface SwiftAudit {
  'stepsAudited'?: (number);
  'mismatches'?: (number);
  'maxDifference'?: (number | string);
}

export interface SwiftAudit__Output {
  'stepsAudited': (number);
  'mismatches': (number);
  'maxDifference': (number);
}
