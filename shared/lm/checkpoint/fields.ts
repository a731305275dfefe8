/** Shapes of single fields of a checkpoint's JSON files, with messages that say what must hold. */
import { z } from "zod";

export function integer(min: number, max: number) {
  return z.custom<number>(
    (value) => typeof value === "number" && Number.isInteger(value) && value >= min && value <= max,
    `must be an integer in [${min}, ${max}]`,
  );
}

export function positive(max: number) {
  return z.custom<number>(
    (value) => typeof value === "number" && value > 0 && value <= max,
    `must be a number in (0, ${max}]`,
  );
}

export const flag = z.boolean("must be true or false").nullish();
export const tokenId = integer(0, 2 ** 31 - 1);

/** A token id, several, or none, as `eos_token_id` is written. */
export const tokenIds = z
  .union([tokenId, z.array(tokenId)], "must be a token id or an array of token ids")
  .nullish()
  .transform((ids) => (ids == null ? undefined : typeof ids === "number" ? [ids] : ids));
