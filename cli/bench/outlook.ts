/** How many solves are done and about how many there will be: how far a ladder goes is known only at its end. */

export interface Outlook {
  readonly done: number;
  /** At least one more than `done`. */
  readonly total: number;
  solved(arm: string): void;
}

/** Arms of the first ladder, before anything is known. */
const FIRST_GUESS = 7;

/** `strategies` in the order in which they are measured. */
export function createOutlook(strategies: readonly string[], solvesPerArm: number): Outlook {
  const arms = new Map<string, Set<string>>(strategies.map((name) => [name, new Set()]));
  let current = 0;
  let done = 0;
  const expected = (strategy: string, index: number): number => {
    const begun = arms.get(strategy)!.size;
    if (index < current) return begun;
    if (strategy === "greedy") return 1;
    // The others are about as long as majority's, which is the first.
    return Math.max(begun, current === 0 ? FIRST_GUESS : arms.get(strategies[0]!)!.size);
  };
  return {
    get done() {
      return done;
    },
    get total() {
      const all = strategies.reduce((sum, strategy, index) => sum + expected(strategy, index), 0);
      return Math.max(done + 1, all * solvesPerArm);
    },
    solved(arm) {
      const strategy = arm.slice(0, arm.lastIndexOf("@"));
      arms.get(strategy)!.add(arm);
      current = strategies.indexOf(strategy);
      done += 1;
    },
  };
}
