/**
 * Reads a GGUF header front to back through a window on the file. Nothing is allocated for a claimed length before it
 * is known to fit into what is left of the file, so a hostile header costs no more memory than its own size.
 * Reads are synchronous: a header is hundreds of thousands of little values, and awaiting each would cost seconds.
 */
import { readSync } from "node:fs";
import { refuseFile } from "../refusal.js";

const WINDOW_BYTES = 1 << 20;
/** Far above any chat template or vocabulary entry, and below the longest string of the runtime. */
const MAX_STRING_BYTES = 1 << 26;

export class HeaderCursor {
  readonly #fd: number;
  readonly #file: string;
  readonly #fileBytes: number;
  #window = Buffer.alloc(0);
  #windowStart = 0;
  #at = 0;
  #position = 0;

  /** `file` is what messages call it. */
  constructor(fd: number, file: string, fileBytes: number) {
    this.#fd = fd;
    this.#file = file;
    this.#fileBytes = fileBytes;
  }

  get position(): number {
    return this.#position;
  }

  /** Bytes of the file after the position. */
  get remaining(): number {
    return this.#fileBytes - this.#position;
  }

  u8 = (): number => this.#next(1).readUInt8(this.#at);
  i8 = (): number => this.#next(1).readInt8(this.#at);
  u16 = (): number => this.#next(2).readUInt16LE(this.#at);
  i16 = (): number => this.#next(2).readInt16LE(this.#at);
  u32 = (): number => this.#next(4).readUInt32LE(this.#at);
  i32 = (): number => this.#next(4).readInt32LE(this.#at);
  f32 = (): number => this.#next(4).readFloatLE(this.#at);
  f64 = (): number => this.#next(8).readDoubleLE(this.#at);
  i64 = (): number => Number(this.#next(8).readBigInt64LE(this.#at));

  /** Exact below 2^53; above it rounded, which is as good where only sizes that fit are taken. */
  u64 = (): number => {
    const window = this.#next(8);
    return window.readUInt32LE(this.#at) + window.readUInt32LE(this.#at + 4) * 4294967296;
  };

  /** A number of things that take at least `bytesEach` bytes each of what follows. */
  count(what: string, bytesEach: number): number {
    const count = this.u64();
    this.#assertFits(what, count, bytesEach);
    return count;
  }

  /** Length in 8 bytes, then UTF-8; bytes that are not become U+FFFD. */
  string(): string {
    const length = this.u64();
    this.#assertFits("a string's bytes", length, 1);
    if (length > MAX_STRING_BYTES) {
      const must = `a string must have at most ${MAX_STRING_BYTES} bytes`;
      throw refuseFile(this.#file, `${must}, got ${length} at byte ${this.#position}; get the file again`);
    }
    return this.#next(length).toString("utf8", this.#at, this.#at + length);
  }

  /** A copy of the next bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#next(length).subarray(this.#at, this.#at + length));
  }

  #assertFits(what: string, count: number, bytesEach: number): void {
    if (count * bytesEach <= this.remaining) return;
    const claim = `claims ${count} for ${what} at byte ${this.#position}`;
    throw refuseFile(
      this.#file,
      `${claim}, but only ${this.remaining} bytes are left in it; get the file again`,
    );
  }

  /** Moves on; what was passed begins at `#at` of the window that is returned. */
  #next(length: number): Buffer {
    if (length > this.remaining) {
      const problem = `its header ends at byte ${this.#fileBytes}, ${length - this.remaining} bytes too early`;
      throw refuseFile(this.#file, `${problem}; get the file again`);
    }
    if (this.#position + length > this.#windowStart + this.#window.length) this.#fill(length);
    this.#at = this.#position - this.#windowStart;
    this.#position += length;
    return this.#window;
  }

  #fill(length: number): void {
    const window = Buffer.allocUnsafe(Math.min(this.remaining, Math.max(WINDOW_BYTES, length)));
    for (let done = 0; done < window.length; ) {
      const read = readSync(this.#fd, window, done, window.length - done, this.#position + done);
      if (read === 0) throw refuseFile(this.#file, "was cut short while it was read; try again");
      done += read;
    }
    this.#window = window;
    this.#windowStart = this.#position;
  }
}
