/**
 * A checkpoint's tokenizer: `tokenizer.json` run by @huggingface/tokenizers, mended where that library departs from
 * the reference implementation (each place says so). Text in, ids out and back; no model is known here.
 */
import { createHash } from "node:crypto";
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { isJsonObject, type JsonObject, parseJson, reasonOf } from "./json.js";
import { quote, refuseFile } from "./refusal.js";
import { createTextDecoder, type TextDecoderOfTokens } from "./text-decoder.js";

export interface Tokenizer {
  /** One above the largest id. A model's vocabulary may be larger (padded), never smaller. */
  readonly vocabularySize: number;
  /** SHA-256 of tokenizer.json, hex. */
  readonly hash: string;
  /** Ids that `decode` leaves out: added tokens marked special, ascending. */
  readonly specialTokenIds: readonly number[];
  /**
   * With `addSpecialTokens` the tokenizer's own post-processor has its say (a leading BOS, for one); without it, as for
   * text that a chat template has rendered, nothing is added. Literals of special tokens in the text become their ids.
   * Characters the vocabulary cannot express vanish when it has no unknown token.
   */
  encode(text: string, options: { readonly addSpecialTokens: boolean }): number[];
  /** Text of the ids; special tokens have none unless asked for. An unfinished character at either end is U+FFFD. */
  decode(tokenIds: readonly number[], options?: { readonly keepSpecialTokens: boolean }): string;
  /** Text as tokens arrive; `contextIds` are what went before them (a prompt), whose own text is not given. */
  createTextDecoder(contextIds?: readonly number[]): TextDecoderOfTokens;
  tokenToId(token: string): number | undefined;
  idToToken(tokenId: number): string | undefined;
}

/** A token that was added beside the vocabulary proper. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
}

/**
 * @param text content of tokenizer.json
 * @param config content of tokenizer_config.json
 * @param isLeftOut added tokens that shall be plain text, as if the file did not have them
 * @throws ServiceError `failed_precondition` when the file is no tokenizer or of a kind that is not supported
 */
export function createTokenizer(
  text: string,
  config: JsonObject,
  isLeftOut: (token: AddedToken) => boolean = () => false,
): Tokenizer {
  const library = build(text, config, isLeftOut);
  const specialTokenIds = [...library.get_added_tokens_decoder()]
    .filter(([, token]) => token.special)
    .map(([id]) => id)
    .sort((a, b) => a - b);
  const special = new Set(specialTokenIds);
  const decode: Tokenizer["decode"] = (tokenIds, { keepSpecialTokens } = { keepSpecialTokens: false }) => {
    // Filtered here, because the library drops special tokens by their text, and throws when nothing is left.
    const kept = tokenIds.filter(
      (id) => library.id_to_token(id) !== undefined && (keepSpecialTokens || !special.has(id)),
    );
    return kept.length === 0 ? "" : library.decode(kept, { clean_up_tokenization_spaces: false });
  };
  return {
    vocabularySize: 1 + [...library.get_vocab().values()].reduce((largest, id) => Math.max(largest, id), -1),
    hash: createHash("sha256").update(text).digest("hex"),
    specialTokenIds,
    encode: (input, { addSpecialTokens }) =>
      // The library gives undefined for a character that the vocabulary cannot express; the reference drops it.
      library
        .encode(input, { add_special_tokens: addSpecialTokens })
        .ids.filter((id: number | undefined) => id !== undefined),
    decode,
    createTextDecoder: (contextIds = []) => createTextDecoder((ids) => decode(ids), contextIds),
    tokenToId: (token) => library.token_to_id(token),
    idToToken: (tokenId) => library.id_to_token(tokenId),
  };
}

function build(
  text: string,
  config: JsonObject,
  isLeftOut: (token: AddedToken) => boolean,
): HuggingFaceTokenizer {
  const json = parseJson("tokenizer.json", text);
  if (!isJsonObject(json)) throw refuseFile("tokenizer.json", `must be a JSON object, got ${quote(json)}`);
  const file = leaveOut(json, isLeftOut);
  try {
    return new HuggingFaceTokenizer({ ...file, pre_tokenizer: mendDigits(file["pre_tokenizer"]) }, config);
  } catch (cause) {
    throw refuseFile("tokenizer.json", `must be a tokenizer of a supported kind: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function leaveOut(file: JsonObject, isLeftOut: (token: AddedToken) => boolean): JsonObject {
  const { added_tokens: added, model } = file;
  if (!Array.isArray(added)) return file;
  const out = new Set(added.filter((token) => isAddedToken(token) && isLeftOut(token)));
  if (out.size === 0) return file;
  const contents = new Set([...out].map(({ content }) => content));
  const vocab = isJsonObject(model) ? model["vocab"] : undefined;
  const kept = isJsonObject(vocab)
    ? Object.fromEntries(Object.entries(vocab).filter(([token]) => !contents.has(token)))
    : vocab;
  return {
    ...file,
    added_tokens: added.filter((token) => !out.has(token)),
    ...(isJsonObject(model) && { model: { ...model, vocab: kept } }),
  };
}

function isAddedToken(token: unknown): token is AddedToken {
  return isJsonObject(token) && typeof token["id"] === "number" && typeof token["content"] === "string";
}

/**
 * The library's `Digits` splits at ASCII digits only, the reference at every numeric character (½, ², ④, ١). The same
 * thing said as a `Split` on Unicode's numbers is exact.
 */
function mendDigits(preTokenizer: unknown): unknown {
  if (!isJsonObject(preTokenizer)) return preTokenizer;
  const { type, pretokenizers, individual_digits: individual } = preTokenizer;
  if (type === "Sequence" && Array.isArray(pretokenizers)) {
    return { ...preTokenizer, pretokenizers: pretokenizers.map(mendDigits) };
  }
  if (type !== "Digits") return preTokenizer;
  const pattern = { Regex: individual === true ? "\\p{N}" : "\\p{N}+" };
  return { type: "Split", pattern, behavior: "Isolated", invert: false };
}
