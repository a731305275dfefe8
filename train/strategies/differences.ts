/** Which strategy is better at the same mean cost, and how surely: paired by problem. */
import { createRng } from "#shared/rng.js";
import { bootstrap, mean } from "#shared/stats.js";
import { accuracyOf, mixtureAt } from "./mixture.js";
import { type Difference, UNITS } from "./report/report.js";
import type { Budgets, Ladders } from "./rows.js";

/** AUTO against every other strategy, and every strategy against majority; none where one of the two has no row. */
export function differencesOf(ladders: Ladders, budgets: Budgets): Difference[] {
  const names = [...ladders.keys()];
  const pairs = [
    ...(ladders.has("auto") ? names.map((against) => ["auto", against] as const) : []),
    ...names.filter((name) => name !== "auto").map((name) => [name, "majority"] as const),
  ].filter(([strategy, against]) => strategy !== against);
  return pairs.flatMap(([strategy, against]) =>
    UNITS.flatMap((unit) =>
      budgets[unit].flatMap((budget) => {
        const [a, b] = [strategy, against].map((name) => mixtureAt(ladders.get(name) ?? [], unit, budget));
        if (a === undefined || b === undefined) return [];
        const gains = [...a.parts[0]!.arm.accuracy.keys()].map((id) => accuracyOf(a, id) - accuracyOf(b, id));
        const difference = bootstrap(gains, mean, createRng("bench differences"));
        return [{ strategy, against, budget, unit, difference }];
      }),
    ),
  );
}
