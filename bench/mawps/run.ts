/** `npm run bench -- mawps`: problem files of MAWPS and a checkpoint that answers them in a line. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mawpsProblems } from "./problems.js";
import { writePlainPolicy } from "./plain-policy.js";

const FOLDS = [0, 1, 2, 3, 4];

export interface MawpsOptions {
  /** A checkout of github.com/arkilpatel/SVAMP. */
  readonly from: string;
  /** The chat checkpoint. */
  readonly policy: string;
  readonly out: string;
}

export async function runMawps({ from, policy, out }: MawpsOptions): Promise<void> {
  const folds = FOLDS.map((fold) =>
    readFile(join(from, "data", "cv_mawps", `fold${fold}`, "dev.csv"), "utf8"),
  );
  const splits = mawpsProblems(await Promise.all(folds));
  await mkdir(out, { recursive: true });
  for (const [split, problems] of Object.entries(splits)) {
    const lines = problems.map((problem) => `${JSON.stringify(problem)}\n`);
    await writeFile(join(out, `mawps-${split}.jsonl`), lines.join(""));
    process.stdout.write(`mawps-${split}.jsonl: ${problems.length} problems\n`);
  }
  await writePlainPolicy(policy, join(out, "policy"));
}
