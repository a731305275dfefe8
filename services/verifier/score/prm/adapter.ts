/**
 * How one family of PRMs is fed and read: all that the batcher does not know. A path's memory is whatever the family
 * needs of a path to read the step after it; most need nothing, because the model's keys and values hold it all.
 */
import type { RowOutput, Wanted } from "#shared/lm/types.js";

export interface PrmAdapter {
  /** What the family is called, as in `recognise`. */
  readonly family: string;
  /** Outputs of the prompt that `begin` needs. */
  readonly promptWanted: Wanted;
  /** Bytes that a path's memory takes, the same for every path. */
  readonly memoryBytes: number;
  /** A problem as the reader's prompt, ready for the first step. */
  encodePrompt(problem: string): readonly number[];
  /**
   * The tokens that a step adds to its path, with whatever stands between it and the step before. The step's score is
   * read at the last one. None for a step that says nothing: it is not run, and scored as the step before it.
   * @param first whether nothing was said on the path before
   * @throws ServiceError `invalid_argument` for a text that cannot be told from the family's own tags
   */
  encodeStep(text: string, first: boolean): readonly number[];
  /** Outputs that are needed of some of a step's tokens; `last` when the step ends with them. */
  stepWanted(last: boolean): Wanted;
  /** The memory of a path without steps. */
  begin(prompt: RowOutput): PathMemory;
}

export interface PathMemory {
  /** Begins to read a step that continues the path. At least one token. */
  read(tokenIds: readonly number[]): StepReading;
}

export interface StepReading {
  /** The step's next tokens, with what was wanted of them. The output is the caller's: copy what is kept. */
  take(tokenIds: readonly number[], output: RowOutput): void;
  /** After the last token. The score is in (0, 1), or NaN when the model's numbers were no numbers. */
  finish(): { readonly score: number; readonly memory: PathMemory };
}

/** The memory of families that read a score from the outputs at a step's last token and nothing else. */
export function readLast(score: (output: RowOutput) => number): PathMemory {
  const memory: PathMemory = {
    read() {
      let result = Number.NaN;
      return {
        take: (_tokenIds, output) => {
          // Outputs come with the step's last tokens only, see `stepWanted`.
          if (output.logits.length + output.probe.length + output.hidden.length > 0) result = score(output);
        },
        finish: () => ({ score: result, memory }),
      };
    },
  };
  return memory;
}
