/** What AUTO would do for a problem that nobody has looked at yet. Pure. */
import type { Budget, SearchPlan, SearchRequest } from "../search/types.js";
import {
  type BudgetTier,
  binOf,
  type Calibration,
  nameOf,
  passRateFrom,
  tierOf,
} from "./calibration/calibration.js";
import { affordableTokens, budgetTokens, type Features, planFirst, planRun } from "./planner.js";
import { lookUp, type TableRow } from "./table.js";

export interface Outlook {
  /** The first samples; where a calibration goes by the prompt alone, what a problem of average difficulty gets. */
  readonly first: SearchPlan;
  /** What follows for each difficulty that then shows, the easiest first. */
  readonly followUps: readonly SearchPlan[];
}

export function planAhead(request: SearchRequest, features: Features, budget: Budget): Outlook {
  const { calibration } = features;
  const affordable = affordableTokens(budget, features) / features.solutionTokens;
  if (calibration === undefined) return afterSamples(request, features, publishedRows(features), affordable);
  const tier = tierOf(calibration, budgetTokens(budget, features));
  const rows = calibratedRows(calibration, tier);
  if (tier.firstSamples > 0) return afterSamples(request, features, rows, affordable, tier.firstSamples);
  const plans = rows.map(
    (row) => planRow(request, features, row, "the prompt shows", Math.max(1, affordable))!,
  );
  const average = plans.at(-1 - binOf(calibration, passRateFrom(calibration, tier, [])))!;
  return { first: average, followUps: plans.filter((plan) => plan !== average) };
}

/** `samples`: how many, where a calibration says so. */
function afterSamples(
  request: SearchRequest,
  features: Features,
  rows: readonly RowAhead[],
  affordable: number,
  samples?: number,
): Outlook {
  const first = planFirst(request, features, samples);
  const followUps = rows.flatMap((row) => {
    if (row.row.runs.length === 0) return [];
    return planRow(request, features, row, "the first samples show", affordable - first.n) ?? [];
  });
  return { first, followUps };
}

interface RowAhead {
  readonly passRate: number;
  readonly row: TableRow;
  readonly name: string;
}

function planRow(
  request: SearchRequest,
  features: Features,
  { passRate, row, name }: RowAhead,
  shown: string,
  affordable: number,
): SearchPlan | undefined {
  const reason = `If ${shown} this difficulty, the table says ${row.strategy}.`;
  const plan = planRun(request, features, { row, name, run: row.runs[0]! }, reason, affordable);
  return plan && { ...plan, estimatedPassRate: passRate };
}

/** A row for each difficulty that may show, the easiest first. */
function publishedRows({ parameterCount, strength }: Features): RowAhead[] {
  return [0.75, 0.3, 0.05].map((passRate) => ({ passRate, ...lookUp(parameterCount, strength, passRate) }));
}

/** As `publishedRows`. */
function calibratedRows(calibration: Calibration, tier: BudgetTier): RowAhead[] {
  const edges = [0, ...calibration.bins, 1];
  const rows = tier.rows.map((row, bin) => ({
    passRate: (edges[bin]! + edges[bin + 1]!) / 2,
    row,
    name: nameOf(calibration, bin, tier),
  }));
  return rows.toReversed();
}
