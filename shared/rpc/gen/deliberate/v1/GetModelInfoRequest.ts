// Original file: proto/deliberate/v1/generator.proto


export interface GetModelInfoRequest {
}

export interface GetModelInfoRequest__Output {
}
