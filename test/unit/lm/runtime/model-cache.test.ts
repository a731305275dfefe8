/** What can happen to a cache: processes that are killed or start together, disks that are full, files that are damaged. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { readdir, rm, stat, truncate, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { createLanguageModel } from "#shared/lm/runtime/language-model.js";
import { prepareModelFiles } from "#shared/lm/runtime/model-files.js";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";
import { tinyConfig, tinySource } from "../../../fakes/tiny-checkpoint.js";

const root = await temporaryDirectory();
const source = tinySource(tinyConfig());
const optionsAt = (cacheDir: string) => ({ precision: "fp32" as const, threads: 1, cacheDir });
const readAll = (directory: string) =>
  ["model.onnx", "model-blockwise.onnx", "weights.bin"].map((file) => readFileSync(join(directory, file)));
const pristine = readAll(dirname(await prepareModelFiles(source, optionsAt(join(root, "pristine")))));

async function expectIntact(cacheDir: string): Promise<void> {
  const path = await prepareModelFiles(source, optionsAt(cacheDir));
  expect(readAll(dirname(path)).map((bytes, i) => bytes.equals(pristine[i]!))).toEqual([true, true, true]);
}

describe("other processes", () => {
  const writer = fileURLToPath(new URL("../../../fakes/cache-writer.mjs", import.meta.url));
  const running: ChildProcess[] = [];
  const write = (cacheDir: string, delayMs: number): ChildProcess => {
    const args = [writer, JSON.stringify(source.config), cacheDir, String(delayMs)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    running.push(child);
    return child;
  };
  const ended = (child: ChildProcess) =>
    new Promise<{ readonly status: number | null; readonly stdout: string }>((resolve) => {
      let stdout = "";
      child.stdout!.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.once("close", (status) => resolve({ status, stdout: stdout.trim() }));
    });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill("SIGKILL");
  });

  test("one that is killed while it writes leaves nothing that is taken for a model", async () => {
    const cacheDir = join(root, "killed");
    const child = write(cacheDir, 60);
    const end = ended(child);
    const half = () =>
      existsSync(cacheDir) &&
      execFileSync("find", [cacheDir, "-name", "weights.bin", "-size", "+0"], { encoding: "utf8" }) !== "";
    await expect.poll(half, { timeout: 15_000, interval: 20 }).toBe(true);
    child.kill("SIGKILL");
    await end;
    expect(await readdir(cacheDir)).toEqual([expect.stringMatching(/\.tmp$/)]);

    const again = write(cacheDir, 0);
    const { status, stdout } = await ended(again);
    expect(status).toBe(0);
    expect((await stat(join(dirname(stdout), "weights.bin"))).size).toBe(pristine[2]!.length);
  });

  test("those that start together leave one whole directory", async () => {
    const cacheDir = join(root, "together");
    const all = await Promise.all([1, 2, 3].map(() => ended(write(cacheDir, 3))));
    expect(all.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(new Set(all.map(({ stdout }) => stdout)).size).toBe(1);
    expect(await readdir(cacheDir)).toEqual([basename(dirname(all[0]!.stdout))]);
  });
});

test("what a killed process left is removed after a day, and nothing else", async () => {
  const cacheDir = join(root, "leftovers");
  const name = (letter: string) => `${letter.repeat(32)}-fp32-${"0".repeat(16)}.${crypto.randomUUID()}.tmp`;
  const [old, young] = [name("a"), name("b")];
  for (const each of [old, young, "mine.tmp", "hashes"]) mkdirSync(join(cacheDir, each), { recursive: true });
  writeFileSync(join(cacheDir, old, "weights.bin"), "half");
  const longAgo = new Date(2020, 1, 1);
  for (const each of [old, "mine.tmp", "hashes"]) await utimes(join(cacheDir, each), longAgo, longAgo);
  const path = await prepareModelFiles(source, optionsAt(cacheDir));
  expect((await readdir(cacheDir)).sort()).toEqual(
    [basename(dirname(path)), young, "mine.tmp", "hashes"].sort(),
  );
});

test.each(["weights.bin", "model.onnx"])(
  "a %s that is cut short is made again, by several at once",
  async (file) => {
    const cacheDir = join(root, `cut-${file}`);
    const path = await prepareModelFiles(source, optionsAt(cacheDir));
    await truncate(join(dirname(path), file), 10);
    await Promise.all([1, 2, 3].map(() => expectIntact(cacheDir)));
    expect(await readdir(cacheDir)).toEqual([basename(dirname(path))]);
  },
);

test("files that are made again are not taken from a model that runs", async () => {
  const cacheDir = join(root, "running");
  const path = await prepareModelFiles(source, optionsAt(cacheDir));
  const model = await createLanguageModel(source, optionsAt(cacheDir));
  const run = async () => (await model.prefill([1, 2], { logits: "last" })).output.logits;
  const before = await run();
  await rm(join(dirname(path), "model-blockwise.onnx"));
  await expectIntact(cacheDir);
  expect([...(await run())]).toEqual([...before]);
  await model.dispose();
});

/** A file system of so many bytes, or why there can be none. */
const mounted: string[] = [];
afterAll(() => {
  for (const path of mounted.splice(0)) execFileSync("umount", [path], { stdio: "ignore" });
});
function mount(name: string, options: string): string | undefined {
  const path = join(root, name);
  mkdirSync(path);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  mounted.push(path);
  return path;
}
const small = mount("small", "size=64k");
const ample = mount("ample", "size=8m");
const needsMount = small === undefined || ample === undefined;
const why = needsMount ? " (skipped: tmpfs cannot be mounted here)" : "";

describe.skipIf(needsMount)(`a disk${why}`, () => {
  test("that is too small is named before anything is written", async () => {
    const untouched = {
      ...source,
      tensors: { ...source.tensors, read: () => Promise.reject(new Error("read")) },
    };
    await expect(prepareModelFiles(untouched, optionsAt(small!))).rejects.toMatchObject({
      code: "failed_precondition",
      details: { reason: "CACHE_NOT_WRITABLE" },
      message: expect.stringMatching(
        /writable with \d+ bytes free, got: \d+ bytes are free; make room or choose/,
      ),
    });
    expect(await readdir(small!)).toEqual([]);
  });

  test("that becomes full leaves nothing, and works once there is room", async () => {
    const filler = join(ample!, "filler");
    const fill = () => {
      try {
        writeFileSync(filler, Buffer.alloc(16 << 20));
      } catch {
        // Full is what it shall be.
      }
    };
    const filling = {
      ...source,
      tensors: {
        ...source.tensors,
        async read(name: string) {
          fill();
          return source.tensors.read(name);
        },
      },
    };
    await expect(prepareModelFiles(filling, optionsAt(ample!))).rejects.toMatchObject({
      code: "failed_precondition",
      message: expect.stringMatching(/ENOSPC.*make room/),
    });
    expect(await readdir(ample!)).toEqual(["filler"]);
    writeFileSync(filler, "");
    await expectIntact(ample!);
  });

  test("that cannot be written serves what it holds, and refuses the rest", async () => {
    execFileSync("mount", ["-o", "remount,ro", ample!]);
    await expectIntact(ample!);
    const other = tinySource(tinyConfig(), 9);
    await expect(prepareModelFiles(other, optionsAt(ample!))).rejects.toMatchObject({
      message: expect.stringMatching(/EROFS/),
    });
  });
});
