/** What `npm run bench -- models` measures: the content of bench/results/models.json. */
import type { AccuracyRow, AucRow } from "#train/evaluation/tables.js";
import type { BackboneRow } from "./backbone.js";

export interface ModelsReport {
  readonly command: string;
  readonly seed: number;
  readonly levels: readonly number[];
  readonly problemsPerLevel: number;
  readonly greedy: readonly number[];
  readonly accuracy: readonly AccuracyRow[];
  readonly auc: readonly AucRow[];
  readonly backbone: BackboneRow;
}
