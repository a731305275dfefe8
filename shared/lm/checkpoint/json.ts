/** JSON of unknown content, looked at without assuming anything. */
import { refuseFile } from "./refusal.js";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws ServiceError `failed_precondition` naming the file. */
export function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuseFile(file, `must be JSON, but: ${reasonOf(cause)}`, { cause });
  }
}

/** What a caught value says. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
