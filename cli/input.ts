/** Texts a user supplies: an argument, standard input or a file, never more than a bound. */
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { BadInputError } from "./exit.js";

/** More than any context holds; a service may ask for less. */
const MAX_TEXT_BYTES = 1024 * 1024;

/** The problem itself, or standard input for `-`. Not empty. */
export async function readText(name: string, argument: string, stdin: Readable): Promise<string> {
  const text = argument === "-" ? await readStream(name, stdin) : argument;
  assertText(name, text, argument === "-" ? "standard input" : "the argument");
  return argument === "-" ? text.trimEnd() : text;
}

/** A whole file, which must hold text. */
export async function readTextFile(name: string, path: string): Promise<string> {
  const file = await open(path, "r").catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new BadInputError(
      `${name} must be a file that can be read, got ${path} (${code}): check the path.`,
    );
  });
  try {
    const text = await readStream(name, file.createReadStream({ autoClose: false }));
    assertText(name, text, path);
    return text;
  } finally {
    await file.close();
  }
}

async function readStream(name: string, stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      const part = Buffer.from(chunk as Uint8Array | string);
      bytes += part.length;
      if (bytes > MAX_TEXT_BYTES) throw tooLong(name, bytes);
      chunks.push(part);
    }
  } catch (error) {
    if (error instanceof Error && "syscall" in error)
      throw new BadInputError(`${name} cannot be read: ${error.message}`);
    throw error;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function assertText(name: string, text: string, source: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_TEXT_BYTES) throw tooLong(name, bytes);
  if (text.trim() === "") throw new BadInputError(`${name} must not be empty, got nothing from ${source}.`);
}

function tooLong(name: string, bytes: number): BadInputError {
  return new BadInputError(
    `${name} must have at most ${MAX_TEXT_BYTES} bytes, got at least ${bytes}: shorten it.`,
  );
}
