/** A GGUF file's metadata, asked by name and type. */
import { quote, refuseFile } from "../refusal.js";

/** Arrays of truth values are bytes, other arrays of numbers float64 (whole numbers beyond 2^53 are rounded). */
export type MetadataValue = number | boolean | string | readonly string[] | Float64Array | Uint8Array;

export class Metadata {
  readonly file: string;
  readonly version: number;
  readonly #values: ReadonlyMap<string, MetadataValue>;

  constructor(file: string, version: number, values: ReadonlyMap<string, MetadataValue>) {
    this.file = file;
    this.version = version;
    this.#values = values;
  }

  get keys(): readonly string[] {
    return [...this.#values.keys()];
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** @throws ServiceError `failed_precondition` when it is there with another type, as all below. */
  number(key: string): number | undefined {
    const value = this.#values.get(key);
    if (value === undefined || typeof value === "number") return value;
    throw this.#refuse(key, "a number", value);
  }

  boolean(key: string): boolean | undefined {
    const value = this.#values.get(key);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.#refuse(key, "true or false", value);
  }

  string(key: string): string | undefined {
    const value = this.#values.get(key);
    if (value === undefined || typeof value === "string") return value;
    throw this.#refuse(key, "text", value);
  }

  strings(key: string): readonly string[] | undefined {
    const value = this.#values.get(key);
    if (value === undefined || Array.isArray(value)) return value;
    throw this.#refuse(key, "an array of texts", value);
  }

  numbers(key: string): Float64Array | undefined {
    const value = this.#values.get(key);
    if (value === undefined || value instanceof Float64Array) return value;
    throw this.#refuse(key, "an array of numbers", value);
  }

  /** What must be there. */
  required<T>(key: string, value: T | undefined): T {
    if (value !== undefined) return value;
    throw refuseFile(this.file, `metadata ${key} must be there, but is missing; convert the model again`);
  }

  #refuse(key: string, must: string, got: MetadataValue): Error {
    const shown = typeof got === "object" ? "an array" : quote(got);
    return refuseFile(this.file, `metadata ${key} must be ${must}, got ${shown}`);
  }
}
