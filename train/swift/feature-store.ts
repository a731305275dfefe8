/**
 * Features of sampled tokens on disk, binary16 [tokens, width], as large as they come: chunks are written as they arrive
 * and read back a solution at a time, so memory holds one chunk or one solution. A problem is in the store when its
 * numbers are synced and its line in the index is written; what was being written when the process stopped is written
 * over.
 */
import { constants, readSync } from "node:fs";
import { type FileHandle, open, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ServiceError } from "#shared/errors.js";
import {
  type FeatureIdentity,
  type FeatureIndex,
  openFeatureIndex,
  type StoredProblem,
} from "./feature-index.js";
import { codeOf } from "../files.js";

/** The part of a file that is written through; tests put a full disk in its place. */
export type DataFile = Pick<FileHandle, "write" | "sync" | "truncate" | "close" | "fd">;

export interface Disk {
  open(path: string): Promise<DataFile>;
  /** Bytes that can still be written there. */
  free(directory: string): Promise<number>;
}

const realDisk: Disk = {
  open: (path) => open(path, constants.O_RDWR | constants.O_CREAT),
  free: async (directory) => {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  },
};

export class FeatureStore {
  readonly identity: FeatureIdentity;
  readonly #path: string;
  readonly #index: FeatureIndex;
  readonly #data: DataFile;
  readonly #disk: Disk;
  /** Bytes of finished problems. */
  #end: number;
  /** Bytes written behind them. */
  #written = 0;

  private constructor(
    identity: FeatureIdentity,
    path: string,
    index: FeatureIndex,
    data: DataFile,
    disk: Disk,
  ) {
    this.identity = identity;
    this.#path = path;
    this.#index = index;
    this.#data = data;
    this.#disk = disk;
    this.#end = index.end;
  }

  /** @throws ServiceError `failed_precondition`: the directory has features of another model, kind or width. */
  static async open(directory: string, identity: FeatureIdentity, disk = realDisk): Promise<FeatureStore> {
    const path = join(directory, `features-${identity.features}`);
    const index = await openFeatureIndex(`${path}.jsonl`, identity);
    try {
      return new FeatureStore(identity, path, index, await disk.open(`${path}.f16`), disk);
    } catch (error) {
      await index.file.close();
      throw error;
    }
  }

  has(id: string): boolean {
    return this.#index.problems.has(id);
  }

  get(id: string): StoredProblem | undefined {
    return this.#index.problems.get(id);
  }

  /** Bytes that so many tokens take. */
  bytes(tokens: number): number {
    return tokens * this.identity.width * Uint16Array.BYTES_PER_ELEMENT;
  }

  /** @throws ServiceError `resource_exhausted`: the disk has no room for so many bytes. */
  async assertRoom(bytes: number): Promise<void> {
    const free = await this.#disk.free(dirname(this.#path));
    if (free < bytes) throw this.#full(bytes, free);
  }

  /** Writes the next chunk of the problem that is being stored. `bytesLeft`: all that is still to come, for a message. */
  async write(values: Uint16Array, bytesLeft: number): Promise<void> {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    await this.#orFull(bytesLeft, async () => {
      for (let done = 0; done < bytes.length; ) {
        const at = this.#end + this.#written + done;
        done += (await this.#data.write(bytes, done, bytes.length - done, at)).bytesWritten;
      }
    });
    this.#written += bytes.length;
  }

  /** The problem is whole. */
  async commit(id: string, solutions: StoredProblem["solutions"]): Promise<void> {
    const line: StoredProblem = { id, offset: this.#end, solutions };
    await this.#orFull(this.#written, async () => {
      await this.#data.sync();
      await this.#index.file.append(line);
    });
    this.#index.problems.set(id, line);
    this.#end += this.#written;
    this.#written = 0;
  }

  /** Drops what was written of a problem that is not whole. */
  async rollback(): Promise<void> {
    this.#written = 0;
    await this.#data.truncate(this.#end);
  }

  /** A solution's numbers, [tokens, width], into the beginning of `target`. Blocks for the time of one read. */
  read(id: string, index: number, target: Uint16Array): void {
    const problem = this.#index.problems.get(id)!;
    let before = 0;
    for (const solution of problem.solutions) {
      if (solution.index === index)
        return this.#readAt(problem.offset + this.bytes(before), solution.tokens, target);
      before += solution.tokens;
    }
    throw new ServiceError("internal", `the features of solution ${index} of problem ${id} must be stored`);
  }

  #readAt(position: number, tokens: number, target: Uint16Array): void {
    const size = this.bytes(tokens);
    const bytes = new Uint8Array(target.buffer, target.byteOffset, size);
    for (let done = 0; done < size; ) {
      const count = readSync(this.#data.fd, bytes, done, size - done, position + done);
      if (count === 0)
        throw new ServiceError(
          "failed_precondition",
          `${this.#path}.f16 must hold ${position + size} bytes, but ends before: delete its directory and begin again`,
        );
      done += count;
    }
  }

  async close(): Promise<void> {
    await this.#data.close();
    await this.#index.file.close();
  }

  async #orFull(bytesLeft: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (codeOf(error) !== "ENOSPC" && codeOf(error) !== "EDQUOT") throw error;
      await this.rollback().catch(() => {});
      throw this.#full(bytesLeft, undefined, error);
    }
  }

  #full(needed: number, free: number | undefined, cause?: unknown): ServiceError {
    const got = free === undefined ? "the disk is full" : `there are ${free}`;
    const directory = dirname(this.#path);
    return new ServiceError(
      "resource_exhausted",
      `the features need ${needed} more bytes in ${directory}, but ${got}: make room or name another directory with --work; what is finished is kept and the same command goes on from there`,
      {
        reason: "DISK_FULL",
        quotaViolations: [{ subject: directory, description: `${needed} more bytes are needed` }],
      },
      { cause },
    );
  }
}
