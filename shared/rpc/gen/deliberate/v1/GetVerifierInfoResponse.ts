// Original file: proto/deliberate/v1/verifier.proto

import type { Long } from '@grpc/proto-loader';

export interface GetVerifierInfoResponse {
  'prmModel'?: (string);
  'prmHash'?: (string);
  'prmParameterCount'?: (number | string | Long);
  'swiftHead'?: (string);
  'policyModel'?: (string);
  'policyHash'?: (string);
  'policyParameterCount'?: (number | string | Long);
  'maxSearches'?: (number);
  'maxCandidates'?: (number);
  'maxProblemBytes'?: (number);
  'calibrationHash'?: (string);
  'swiftHash'?: (string);
}

export interface GetVerifierInfoResponse__Output {
  'prmModel': (string);
  'prmHash': (string);
  'prmParameterCount': (number);
  'swiftHead': (string);
  'policyModel': (string);
  'policyHash': (string);
  'policyParameterCount': (number);
  'maxSearches': (number);
  'maxCandidates': (number);
  'maxProblemBytes': (number);
  'calibrationHash': (string);
  'swiftHash': (string);
}
