import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  parseCalibration,
  readCalibration,
  toCalibrationFile,
} from "#verifier/plan/calibration/calibration-file.js";
import { calibrationOf, difficultyBy, row, tier } from "../../../../fakes/calibration.js";

const { hash: _, ...fields } = calibrationOf({
  promptProbe: { intercept: 0.25, weights: Float32Array.of(0.1, -2, 3) },
});
const text = toCalibrationFile({ ...fields, measured: { problems: 40, seed: 7 } });

/** The file with one thing changed and signed again, as a faulty writer would. */
function signedWith(change: (contents: Record<string, unknown>) => void): string {
  const contents = structuredClone({ ...fields, measured: {} }) as unknown as Record<string, unknown>;
  change(contents);
  return toCalibrationFile(contents as never);
}

describe("the calibration file", () => {
  test("comes back as it was", () => {
    const { hash, ...read } = parseCalibration(text, "c.json");
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(read).toMatchObject(fields);
    expect(read.promptProbe!.weights).toEqual(Float32Array.of(0.1, -2, 3));
  });

  test("may be formatted otherwise, since the hash is over what it says", () => {
    expect(() => parseCalibration(JSON.stringify(JSON.parse(text)), "c.json")).not.toThrow();
  });

  test("is refused when a number was edited", () => {
    const edited = text.replace('"stopAt": 0.9', '"stopAt": 0.91');
    expect(edited).not.toBe(text);
    expect(() => parseCalibration(edited, "c.json")).toThrow(
      /c\.json must be as it was written, .* has the hash|hash/,
    );
  });

  test.each<[string, string, RegExp]>([
    ["no JSON", "{", /must be a JSON object/],
    ["a list", "[]", /must be a JSON object/],
    ["another format", text.replace("deliberate calibration 2", "x"), /format/],
    [
      "an unknown strategy",
      signedWith(
        (c) => (c["tiers"] = [{ ...fields.tiers[0], rows: [row({ strategy: "mcts" as never }), row()] }]),
      ),
      /tiers\.0\.rows\.0\.strategy/,
    ],
    ["a field of a later version", signedWith((c) => (c["router"] = 1)), /router|object/],
    ["too few rows", signedWith((c) => (c["bins"] = [0.2, 0.5])), /must have 3 rows in each tier, got 2/],
    [
      "bins in disorder",
      signedWith((c) => {
        c["bins"] = [0.5, 0.2];
      }),
      /ascending/,
    ],
    [
      "a model of another width",
      signedWith((c) => (c["difficulty"] = [{ ...fields.difficulty[0], weights: [1] }])),
      /difficulty\.0\.weights/,
    ],
    [
      "first samples that no model of difficulty is for",
      signedWith((c) => (c["tiers"] = [{ ...fields.tiers[0], firstSamples: 2 }])),
      /must have one model of difficulty after 2 samples/,
    ],
    [
      "a tier by which nothing would be run",
      signedWith((c) => {
        c["difficulty"] = difficultyBy("prompt", 0);
        c["tiers"] = [tier({ firstSamples: 0, rows: [row({ runs: [] }), row()] })];
      }),
      /must run something in each row without first samples/,
    ],
  ])("refuses %s", (_title, content, message) => {
    expect(() => parseCalibration(content, "c.json")).toThrow(message);
  });

  test("a file that is not there is named", async () => {
    await expect(readCalibration("/no/such/file")).rejects.toThrow(/\/no\/such\/file must be a file/);
    const directory = mkdtempSync(join(tmpdir(), "calibration-"));
    try {
      writeFileSync(join(directory, "c.json"), text);
      expect((await readCalibration(join(directory, "c.json"))).widthCap).toBe(64);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
