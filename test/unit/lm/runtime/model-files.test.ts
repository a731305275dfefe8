import { readdir, stat, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import { prepareModelFiles } from "#shared/lm/runtime/model-files.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";
import { tinyConfig, tinySource } from "../../../fakes/tiny-checkpoint.js";

const root = await temporaryDirectory();
const source = tinySource(tinyConfig());
const options = (name: string, precision: "fp32" | "int8" = "fp32", threads = 2) => ({
  precision,
  threads,
  cacheDir: join(root, name),
});

test("writes the files once, and reads no weight the second time", async () => {
  const first = await prepareModelFiles(source, options("once"));
  const written = await stat(join(dirname(first), "weights.bin"));
  const unreadable = {
    ...source,
    tensors: { ...source.tensors, read: () => Promise.reject(new Error("must not be read")) },
  };
  expect(await prepareModelFiles(unreadable, options("once"))).toBe(first);
  expect((await stat(join(dirname(first), "weights.bin"))).mtimeMs).toBe(written.mtimeMs);
});

test("keeps precisions and checkpoints apart, and takes another graph for many threads", async () => {
  const paths = [
    await prepareModelFiles(source, options("apart")),
    await prepareModelFiles(source, options("apart", "int8")),
    await prepareModelFiles(tinySource(tinyConfig(), 2), options("apart")),
  ];
  expect(new Set(paths.map((path) => dirname(path))).size).toBe(3);
  const many = await prepareModelFiles(source, options("apart", "fp32", 3));
  expect(dirname(many)).toBe(dirname(paths[0]!));
  expect(many).not.toBe(paths[0]);
});

test("starts that race leave one whole directory", async () => {
  const paths = await Promise.all(
    Array.from({ length: 4 }, () => prepareModelFiles(source, options("race"))),
  );
  expect(new Set(paths).size).toBe(1);
  expect(await readdir(join(root, "race"))).toEqual([dirname(paths[0]!).split("/").at(-1)]);
  const model = await createLanguageModel(source, options("race"));
  await model.dispose();
});

test("makes files again that are cut short", async () => {
  const path = await prepareModelFiles(source, options("damaged"));
  await truncate(join(dirname(path), "weights.bin"), 100);
  await prepareModelFiles(source, options("damaged"));
  const model = await createLanguageModel(source, options("damaged"));
  await model.dispose();
});

test("leaves nothing behind when a weight cannot be read", async () => {
  const broken = {
    ...source,
    tensors: { ...source.tensors, read: () => Promise.reject(new Error("disk on fire")) },
  };
  await expect(prepareModelFiles(broken, options("broken"))).rejects.toMatchObject({
    code: "failed_precondition",
    message: expect.stringContaining("disk on fire"),
  });
  expect(await readdir(join(root, "broken"))).toEqual([]);
});

test("names a cache directory that cannot be one", async () => {
  await writeFile(join(root, "file"), "");
  await expect(prepareModelFiles(source, options("file"))).rejects.toMatchObject({
    code: "failed_precondition",
    message: expect.stringMatching(/model cache .*file must be writable/),
  });
});

test("names a graph that ONNX Runtime does not take", async () => {
  const path = await prepareModelFiles(source, options("garbage"));
  const { size } = await stat(path);
  await writeFile(path, Buffer.alloc(size, 7));
  await expect(createLanguageModel(source, options("garbage"))).rejects.toMatchObject({
    code: "failed_precondition",
    message: expect.stringMatching(/model\.onnx must be a model that ONNX Runtime can load/),
  });
});
