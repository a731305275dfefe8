// Original file: proto/deliberate/v1/verifier.proto


export interface GetVerifierInfoRequest {
}

export interface GetVerifierInfoRequest__Output {
}
