// Original file: proto/deliberate/v1/generator.proto


export interface Featurizing {
  'promptTokenIds'?: (number)[];
  'cachedPromptTokens'?: (number);
  'width'?: (number);
  'tokenCounts'?: (number)[];
}

export interface Featurizing__Output {
  'promptTokenIds': (number)[];
  'cachedPromptTokens': (number);
  'width': (number);
  'tokenCounts': (number)[];
}
