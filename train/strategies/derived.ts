/** Strategies that need no solve of their own: other choices among the candidates of majority voting, at its cost. */
import { type Arm, toArm } from "./arm.js";
import type { CandidateRecord, SolveRecord } from "./solve-record.js";

type Choose = (candidates: readonly CandidateRecord[]) => CandidateRecord | undefined;

const CHOICES: Readonly<Record<string, Choose>> = {
  /** The solution that the policy itself finds likeliest, by its mean log-probability. */
  "log-prob": (candidates) =>
    candidates
      .filter(({ answer }) => answer !== "")
      .reduce<CandidateRecord | undefined>(
        (best, each) => (best === undefined || each.meanLogProb > best.meanLogProb ? each : best),
        undefined,
      ),
  /** A right one, where there is one: no choice can do better. */
  oracle: (candidates) => candidates.find(({ correct }) => correct),
};

export const DERIVED: readonly string[] = Object.keys(CHOICES);
/** Of these, the ones that need the right answer. */
export const BOUNDS: readonly string[] = ["oracle"];

export function deriveArms(strategy: string, majority: readonly Arm[]): Arm[] {
  const choose = CHOICES[strategy]!;
  return majority.map(({ name, solves }) => {
    const own = name.replace("majority", strategy);
    return toArm(
      strategy,
      own,
      solves.map((solve) => chosenBy(choose, solve, own)),
    );
  });
}

function chosenBy(choose: Choose, solve: SolveRecord, arm: string): SolveRecord {
  const chosen = choose(solve.candidates);
  return { ...solve, arm, answer: chosen?.answer ?? "", correct: chosen?.correct ?? false };
}
