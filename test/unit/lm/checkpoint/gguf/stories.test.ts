/** stories260K as a converter would write it: permuted rows, SentencePiece's pieces and scores. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Checkpoint, loadCheckpoint } from "#shared/lm/checkpoint/load.js";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import { beforeAll, expect, test } from "vitest";
import { llamaMetadata, toGgufTensors } from "../../../../fakes/gguf-models.js";
import { ggufBytes, type GgufValue } from "../../../../fakes/gguf-writer.js";
import { temporaryDirectory } from "../../../../fakes/temporary-directory.js";
import { describeWithShared, loadGolden, sharedPath } from "../../../../shared-data.js";

const STORIES = "models/stories260K";
const [UNKNOWN, CONTROL, NORMAL, BYTE] = [2, 3, 1, 6];

function typeOf(id: number): number {
  if (id === 0) return UNKNOWN;
  if (id <= 2) return CONTROL;
  return id < 259 ? BYTE : NORMAL;
}

function sentencePieceMetadata(): Record<string, GgufValue> {
  const pieces = JSON.parse(readFileSync(sharedPath(STORIES, "vocab.json")!, "utf8")) as {
    piece: string;
    score: number;
  }[];
  return {
    "tokenizer.ggml.model": { text: "llama" },
    "tokenizer.ggml.pre": { text: "default" },
    "tokenizer.ggml.tokens": {
      texts: pieces.map(({ piece }) =>
        piece.trim() === "" || !piece.startsWith("\n") ? piece.replaceAll(" ", "▁") : piece.trim(),
      ),
    },
    "tokenizer.ggml.scores": { f32s: pieces.map(({ score }) => score) },
    "tokenizer.ggml.token_type": { i32s: pieces.map((_, id) => typeOf(id)) },
    "tokenizer.ggml.unknown_token_id": { u32: 0 },
    "tokenizer.ggml.bos_token_id": { u32: 1 },
    "tokenizer.ggml.eos_token_id": { u32: 2 },
  };
}

describeWithShared("stories260K as a GGUF file", [STORIES, "fixtures/tokenizer"], () => {
  let original: Checkpoint;
  let converted: Checkpoint;
  let directory: string;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    original = await loadCheckpoint(sharedPath(STORIES)!);
    const { config, tensors } = original;
    const weights = await Promise.all(
      [...tensors.tensors.values()].map(async ({ name, shape }) => ({
        name,
        shape,
        data: await tensors.read(name),
      })),
    );
    const permutedHeads = { q: config.numHeads, k: config.numKvHeads };
    const bytes = ggufBytes({
      metadata: { ...llamaMetadata(config), ...sentencePieceMetadata() },
      tensors: toGgufTensors(weights, { permutedHeads }),
    });
    await writeFile(join(directory, "stories.gguf"), bytes);
    converted = await loadCheckpoint(join(directory, "stories.gguf"));
  });

  test("has the same configuration and weights", async () => {
    expect(converted.config).toEqual(original.config);
    for (const name of original.tensors.tensors.keys()) {
      const [got, expected] = [await converted.tensors.read(name), await original.tensors.read(name)];
      expect([name, Buffer.from(got.buffer).equals(Buffer.from(expected.buffer))]).toEqual([name, true]);
    }
  });

  test("gives the same logits, bit for bit", async () => {
    const options = { precision: "fp32", threads: 1, cacheDir: join(directory, "cache") } as const;
    const ids = [1, 403, 407, 261, 378];
    const logits = await Promise.all(
      [original, converted].map(async (checkpoint) => {
        const model = await createLanguageModel(checkpoint, options);
        const { output } = await model.prefill(ids, { logits: "all" });
        await model.dispose();
        return output.logits;
      }),
    );
    expect([...logits[0]!]).toEqual([...logits[1]!]);
  });

  test("tokenizes every string as the reference, from pieces and scores", () => {
    const { strings } = loadGolden("tokenizer", "stories260k.json").json as Record<
      string,
      { text: string; ids: number[]; decoded: string }[]
    >;
    expect(strings).toHaveLength(60);
    for (const { text, ids, decoded } of strings!) {
      expect([text, converted.tokenizer.encode(text, { addSpecialTokens: false })]).toEqual([text, ids]);
      expect([text, converted.tokenizer.encode(text, { addSpecialTokens: true })]).toEqual([
        text,
        [1, ...ids],
      ]);
      expect([text, converted.tokenizer.decode(ids)]).toEqual([text, decoded]);
    }
  });
});
