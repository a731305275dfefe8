/** Worded problems with their solutions as training documents; the loss is on the solution alone. */
import { Tokenizer } from "@huggingface/tokenizers";
import { type Problem, generateProblem, type Split } from "#train/problems/generate.js";
import {
  promptText,
  tokenizerConfigJson,
  tokenizerJson,
  trainProblemTokenizer,
} from "#train/tokenizer/tokenizer-json.js";
import type { Document, DocumentSource } from "./packing.js";

export interface ProblemEncoder {
  encode(text: string): number[];
  /** Prompt, solution and end token of a problem. */
  document(problem: Problem): Document;
}

export function createProblemEncoder(endTokenId: number): ProblemEncoder {
  const tokenizer = new Tokenizer(tokenizerJson(trainProblemTokenizer()), tokenizerConfigJson());
  const encode = (text: string): number[] => tokenizer.encode(text).ids;
  return {
    encode,
    document(problem) {
      const prompt = encode(promptText(problem));
      const solution = [...encode(problem.solution), endTokenId];
      const lossWeights = [...prompt.map(() => 0), ...solution.map(() => 1)];
      return { tokenIds: [...prompt, ...solution], lossWeights };
    },
  };
}

/** An endless stream of documents of a split. */
export function problemDocuments(
  encoder: ProblemEncoder,
  mixture: readonly number[],
  split: Split,
  seed: number,
): DocumentSource {
  return (index) => encoder.document(generateProblem({ mixture }, split, seed, index));
}
