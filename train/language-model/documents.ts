/**
 * Worded problems with their solutions, and drills, as training documents. The loss is on what can be known: the
 * solution of a problem, the results of a drill.
 */
import { Tokenizer } from "@huggingface/tokenizers";
import { createRng } from "#shared/rng.js";
import { authoredSolution } from "#train/problems/authors.js";
import { drawDrill } from "#train/problems/drill.js";
import { type Problem, generateProblem, type Split } from "#train/problems/generate.js";
import {
  promptText,
  tokenizerConfigJson,
  tokenizerJson,
  trainProblemTokenizer,
} from "#train/tokenizer/tokenizer-json.js";
import type { Document, DocumentSource } from "./packing.js";
import type { Recipe } from "./recipes.js";

export interface ProblemEncoder {
  encode(text: string): number[];
  /** Prompt, solution and end token of a problem. */
  document(problem: Problem, solution?: string): Document;
  /** Equations, a line each. */
  drill(lines: readonly string[]): Document;
}

export function createProblemEncoder(endTokenId: number): ProblemEncoder {
  const tokenizer = new Tokenizer(tokenizerJson(trainProblemTokenizer()), tokenizerConfigJson());
  const encode = (text: string): number[] => tokenizer.encode(text).ids;
  return {
    encode,
    document(problem, solution = problem.solution) {
      const prompt = encode(promptText(problem));
      const text = [...encode(solution), endTokenId];
      const lossWeights = [...prompt.map(() => 0), ...text.map(() => 1)];
      return { tokenIds: [...prompt, ...text], lossWeights };
    },
    drill(lines) {
      const tokenIds: number[] = [];
      const lossWeights: number[] = [];
      for (const line of lines) {
        const equals = line.indexOf("=") + 1;
        const [question, result] = [encode(line.slice(0, equals)), encode(`${line.slice(equals)}\n`)];
        tokenIds.push(...question, ...result);
        lossWeights.push(...question.map(() => 0), ...result.map(() => 1));
      }
      return { tokenIds, lossWeights };
    },
  };
}

/** An endless stream of worded problems of a split, each solved by whom the recipe names. */
export function problemDocuments(
  encoder: ProblemEncoder,
  { mixture, seed, solutions }: Pick<Recipe, "mixture" | "seed" | "solutions">,
  split: Split,
): DocumentSource {
  return (index) => {
    const problem = generateProblem({ mixture }, split, seed, index);
    if (solutions === "exact") return encoder.document(problem);
    return encoder.document(problem, authoredSolution(problem, seed).steps.join("\n"));
  };
}

/** Mixes drills into a stream, by a seeded draw per index. */
export function withDrills(
  encoder: ProblemEncoder,
  problems: DocumentSource,
  { until, early, late }: Recipe["drills"],
  seed: number,
): DocumentSource {
  return (index) => {
    const share = index < until ? early : late;
    const isDrill = createRng("document kind", seed, index).next() < share;
    return isDrill ? encoder.drill(drawDrill(seed, index)) : problems(index);
  };
}
