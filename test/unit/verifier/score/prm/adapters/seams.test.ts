/** Texts are encoded piece by piece; whatever they are, the tokens are those of the whole conversation encoded at once. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadPrm } from "#verifier/score/prm/load.js";
import { PUBLISHED, writePublishedPrm } from "../../../../../fakes/prm-directories.js";
import { temporaryDirectory } from "../../../../../fakes/temporary-directory.js";

const words = fc.constantFrom(
  "the",
  " is",
  "Step 1:",
  "12",
  "?",
  ".",
  "\n",
  "\n\n",
  " + ",
  "-",
  "=",
  "'s",
  "é",
  "数",
  "👍",
  "\t",
);
const text = fc
  .oneof(
    fc.array(words, { minLength: 1, maxLength: 8 }).map((parts) => parts.join("")),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
  )
  .map((each) => each.trim())
  .filter((each) => each !== "");

test.each(PUBLISHED.map((prm) => [prm.family, prm] as const))("%s", async (family, prm) => {
  const { dir } = await writePublishedPrm(await temporaryDirectory(), family);
  const { adapter, checkpoint } = await loadPrm(dir);
  const oneLine = (step: string): string =>
    family === "skywork" ? step.replaceAll(/\s*\n\s*/gu, " ") : step;
  fc.assert(
    fc.property(text, fc.array(text, { minLength: 1, maxLength: 3 }), (problem, steps) => {
      const pieces = [
        ...adapter.encodePrompt(problem),
        ...steps.flatMap((step, index) => adapter.encodeStep(step, index === 0)),
      ];
      expect(pieces).toEqual(prm.tokens(checkpoint.tokenizer, problem, steps.map(oneLine)));
    }),
    { numRuns: 300 },
  );
});
