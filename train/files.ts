/** Files that are never half-written: whole ones by rename, growing ones line by line. */
import { constants } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error ? String(error.code) : undefined;

export const isNotFound = (error: unknown): boolean => codeOf(error) === "ENOENT";

/**
 * Replaces the file, or leaves it as it was. `before` runs when the content is on the disk and only its name is to come:
 * where that fails, nothing is replaced.
 */
export async function writeWhole(
  path: string,
  content: string,
  before: () => Promise<void> = async () => {},
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, "w");
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await before();
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A file of JSON lines that grows; a line is in it once `append` has resolved. */
export interface JsonLines {
  /** One line after the other, also when several are under way. */
  append(value: object): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens or makes the file and tells its lines. A last line without its end was being written when the process was
 * stopped: it is dropped.
 */
export async function openJsonLines(
  path: string,
): Promise<{ readonly lines: unknown[]; readonly file: JsonLines }> {
  const content = await readFile(path).catch((error: unknown) => {
    if (isNotFound(error)) return Buffer.alloc(0);
    throw error;
  });
  const whole = content.subarray(0, content.lastIndexOf("\n") + 1);
  const lines = whole
    .toString("utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT);
  await handle.truncate(whole.length);
  let end = whole.length;
  let last: Promise<void> = Promise.resolve();
  const write = async (bytes: Buffer): Promise<void> => {
    for (let done = 0; done < bytes.length; )
      done += (await handle.write(bytes, done, bytes.length - done, end + done)).bytesWritten;
    await handle.sync();
    end += bytes.length;
  };
  return {
    lines,
    file: {
      append(value) {
        // What a failed append left behind is written over by the next one, or dropped when the file is opened again.
        last = last.catch(() => {}).then(() => write(Buffer.from(`${JSON.stringify(value)}\n`)));
        return last;
      },
      close: () => handle.close(),
    },
  };
}
