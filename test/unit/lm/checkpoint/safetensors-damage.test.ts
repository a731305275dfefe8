import { writeFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ServiceError } from "#shared/errors.js";
import { openSafetensors } from "#shared/lm/checkpoint/safetensors.js";
import { writeSafetensors } from "#shared/lm/checkpoint/safetensors-writer.js";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";

const path = join(await temporaryDirectory(), "damaged.safetensors");
await writeSafetensors(
  path,
  [
    { name: "a", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    { name: "b", shape: [4], data: Float32Array.of(1, 2, 3, 4) },
  ],
  { dtype: "F16" },
);
const valid = readFileSync(path);

/** Opens and reads all of it; the refusal, if that is what comes. */
async function attempt(bytes: Uint8Array): Promise<ServiceError | undefined> {
  writeFileSync(path, bytes);
  try {
    const source = await openSafetensors(path);
    for (const { name, offset, byteLength } of source.tensors.values()) {
      expect(offset + byteLength).toBeLessThanOrEqual(bytes.length);
      await source.read(name);
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    expect(error.message).toContain("damaged.safetensors");
    return error;
  }
}

test("a file is refused wherever it ends", async () => {
  expect(await attempt(valid)).toBeUndefined();
  for (let length = 0; length < valid.length; length++)
    expect([length, (await attempt(valid.subarray(0, length)))?.code]).toEqual([
      length,
      "failed_precondition",
    ]);
});

test("a file with flipped bits opens or is refused", async () => {
  const positions = fc.array(fc.nat(8 * valid.length - 1), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(positions, async (bits) => {
      const bytes = Buffer.from(valid);
      for (const bit of bits) bytes[bit >> 3]! ^= 1 << (bit & 7);
      await attempt(bytes);
    }),
    { numRuns: 400, seed: 7 },
  );
});
