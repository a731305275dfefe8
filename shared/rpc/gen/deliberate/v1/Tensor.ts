// Original file: proto/deliberate/v1/common.proto


// Original file: proto/deliberate/v1/common.proto

export const _deliberate_v1_Tensor_DataType = {
  DATA_TYPE_UNSPECIFIED: 'DATA_TYPE_UNSPECIFIED',
  DATA_TYPE_FLOAT32: 'DATA_TYPE_FLOAT32',
  DATA_TYPE_FLOAT16: 'DATA_TYPE_FLOAT16',
} as const;

export type _deliberate_v1_Tensor_DataType =
  | 'DATA_TYPE_UNSPECIFIED'
  | 0
  | 'DATA_TYPE_FLOAT32'
  | 1
  | 'DATA_TYPE_FLOAT16'
  | 2

export type _deliberate_v1_Tensor_DataType__Output = typeof _deliberate_v1_Tensor_DataType[keyof typeof _deliberate_v1_Tensor_DataType]

export interface Tensor {
  'dataType'?: (_deliberate_v1_Tensor_DataType);
  'shape'?: (number)[];
  'data'?: (Buffer | Uint8Array | string);
}

export interface Tensor__Output {
  'dataType': (_deliberate_v1_Tensor_DataType__Output);
  'shape': (number)[];
  'data': (Buffer);
}
