/** A training run on disk: one raw float32 file (parameters, moment 1, moment 2) named by a small JSON file. */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TrainingState } from "#shared/lm/runtime/training-session.js";

/** What a run carries between steps, beside the optimizer's state. */
export interface RunState {
  readonly optimizer: TrainingState;
  nextDocument: number;
  tokensSeen: number;
}

interface Header {
  readonly step: number;
  readonly nextDocument: number;
  readonly tokensSeen: number;
  readonly parameterCount: number;
  /** The arrays' file; a new name each time, so that the JSON's rename commits both. */
  readonly file: string;
}

/** Writes the state; a crash in between leaves the one before. */
export async function saveState(dir: string, run: RunState): Promise<void> {
  await mkdir(dir, { recursive: true });
  const old = await readHeader(dir);
  const { parameters, moment1, moment2, step } = run.optimizer;
  const file = `state-${step}.f32`;
  const bytes = [parameters, moment1, moment2].map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength));
  await writeFile(join(dir, file), Buffer.concat(bytes));
  const { nextDocument, tokensSeen } = run;
  const header: Header = { step, nextDocument, tokensSeen, parameterCount: parameters.length, file };
  await writeFile(join(dir, "state.json.tmp"), JSON.stringify(header));
  await rename(join(dir, "state.json.tmp"), join(dir, "state.json"));
  if (old !== undefined && old.file !== file) await rm(join(dir, old.file), { force: true });
}

async function readHeader(dir: string): Promise<Header | undefined> {
  try {
    return JSON.parse(await readFile(join(dir, "state.json"), "utf8")) as Header;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The state saved in `dir`, or undefined when there is none. */
export async function loadState(dir: string): Promise<RunState | undefined> {
  const header = await readHeader(dir);
  if (header === undefined) return undefined;
  const bytes = new Uint8Array(await readFile(join(dir, header.file)));
  const count = header.parameterCount;
  if (bytes.byteLength !== 12 * count)
    throw new Error(
      `${header.file} must hold ${12 * count} bytes, got ${bytes.byteLength}; remove ${dir} to start anew`,
    );
  const all = new Float32Array(bytes.buffer, 0, 3 * count);
  const part = (i: number): Float32Array => all.slice(i * count, (i + 1) * count);
  return {
    optimizer: { parameters: part(0), moment1: part(1), moment2: part(2), step: header.step },
    nextDocument: header.nextDocument,
    tokensSeen: header.tokensSeen,
  };
}
