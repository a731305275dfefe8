/**
 * The `tokenizer.json` and `tokenizer_config.json` that say what a GGUF file's metadata says, so that there is one way
 * from text to tokens: `gpt2` is BPE over GPT-2's byte alphabet, `llama` SentencePiece's BPE with scores.
 */
import type { JsonObject } from "../json.js";
import { quote, refuseFile } from "../refusal.js";
import type { Metadata } from "./metadata.js";
import { PRE_TOKENIZERS } from "./pre-tokenizers.js";
import { mergesOfScores } from "./sentencepiece.js";

const TOKENS = "tokenizer.ggml.tokens";
const TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4 } as const;

/**
 * tokenizer.json.
 * @throws ServiceError `failed_precondition` for another kind of tokenizer, or lists that do not fit each other.
 */
export function toTokenizerJson(metadata: Metadata): JsonObject {
  const vocabulary = readVocabulary(metadata);
  const model = metadata.string("tokenizer.ggml.model");
  if (model === "gpt2") return assemble(vocabulary, byteLevel(metadata, vocabulary));
  if (model === "llama") return assemble(vocabulary, sentencePiece(metadata, vocabulary));
  const must = "metadata tokenizer.ggml.model must be gpt2 or llama";
  throw refuseFile(
    metadata.file,
    `${must}, got ${quote(model)}; put the model's tokenizer.json beside the file`,
  );
}

/** tokenizer_config.json: the tokens that a chat template may write, and the template. Empty without a tokenizer. */
export function toTokenizerConfig(metadata: Metadata): JsonObject {
  if (!metadata.has(TOKENS)) return {};
  const tokens = readTokens(metadata);
  const [bos, eos] = [special(metadata, tokens, "bos"), special(metadata, tokens, "eos")];
  const template = metadata.string("tokenizer.chat_template");
  return {
    ...(bos === undefined ? {} : { bos_token: bos.text }),
    ...(eos === undefined ? {} : { eos_token: eos.text }),
    ...(template === undefined ? {} : { chat_template: template }),
  };
}

interface Vocabulary {
  readonly metadata: Metadata;
  readonly tokens: readonly string[];
  readonly ids: Readonly<Record<string, number>>;
  typeOf(id: number): number;
}

interface SpecialToken {
  readonly id: number;
  readonly text: string;
}

/** What differs between the kinds. */
interface Kind {
  readonly normalizer: JsonObject | null;
  readonly preTokenizer: JsonObject | null;
  readonly decoder: JsonObject;
  readonly model: JsonObject;
  /** When the file does not say. */
  readonly addBos: boolean;
}

function readTokens(metadata: Metadata): readonly string[] {
  return metadata.required(TOKENS, metadata.strings(TOKENS));
}

/** The token that metadata names as bos, eos and so on. */
function special(metadata: Metadata, tokens: readonly string[], name: string): SpecialToken | undefined {
  const field = `tokenizer.ggml.${name}_token_id`;
  const id = metadata.number(field);
  if (id === undefined) return undefined;
  const text = tokens[id];
  if (text !== undefined) return { id, text };
  throw refuseFile(metadata.file, `metadata ${field} must be below ${tokens.length}, got ${id}`);
}

function readVocabulary(metadata: Metadata): Vocabulary {
  const tokens = readTokens(metadata).map((text, id) => (text === "" ? `[EMPTY_${id}]` : text));
  const types = metadata.numbers("tokenizer.ggml.token_type");
  assertLength(metadata, "token_type", types?.length, tokens.length);
  const ids: Record<string, number> = Object.create(null) as Record<string, number>;
  for (const [id, text] of tokens.entries()) {
    if (ids[text] !== undefined) {
      const problem = `${TOKENS} must differ from each other, got ${quote(text)} as ${ids[text]} and ${id}`;
      throw refuseFile(metadata.file, `metadata ${problem}`);
    }
    ids[text] = id;
  }
  return { metadata, tokens, ids, typeOf: (id) => types?.[id] ?? TYPE.normal };
}

function assertLength(metadata: Metadata, name: string, length: number | undefined, expected: number): void {
  if (length === undefined || length === expected) return;
  const must = `must have a value for each of the ${expected} tokens`;
  throw refuseFile(metadata.file, `metadata tokenizer.ggml.${name} ${must}, got ${length}`);
}

function byteLevel(metadata: Metadata, { ids }: Vocabulary): Kind {
  const name = metadata.string("tokenizer.ggml.pre") ?? "default";
  const found = PRE_TOKENIZERS.get(name);
  if (found === undefined) {
    const must = `metadata tokenizer.ggml.pre must be one of ${[...PRE_TOKENIZERS.keys()].join(", ")}`;
    throw refuseFile(
      metadata.file,
      `${must}, got ${quote(name)}; put the model's tokenizer.json beside the file`,
    );
  }
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  const splits = found.patterns.map((pattern) => ({
    type: "Split",
    pattern: { Regex: pattern },
    behavior: "Isolated",
    invert: false,
  }));
  return {
    normalizer: found.normalizer ?? null,
    preTokenizer: { type: "Sequence", pretokenizers: [...splits, bytes] },
    decoder: { ...bytes, add_prefix_space: true, use_regex: true },
    model: {
      type: "BPE",
      unk_token: null,
      byte_fallback: false,
      ignore_merges: found.ignoreMerges ?? false,
      vocab: ids,
      merges: readMerges(metadata),
    },
    addBos: found.addBos ?? false,
  };
}

function readMerges(metadata: Metadata): readonly string[] {
  const key = "tokenizer.ggml.merges";
  const merges = metadata.required(key, metadata.strings(key));
  const wrong = merges.find((merge) => !/^[^ ]+ [^ ]+$/.test(merge));
  if (wrong === undefined) return merges;
  throw refuseFile(metadata.file, `metadata ${key} must be pairs with a space between, got ${quote(wrong)}`);
}

function sentencePiece(metadata: Metadata, { tokens, ids, typeOf }: Vocabulary): Kind {
  const key = "tokenizer.ggml.scores";
  const scores = metadata.required(key, metadata.numbers(key));
  assertLength(metadata, "scores", scores.length, tokens.length);
  if (metadata.boolean("tokenizer.ggml.remove_extra_whitespaces") === true) {
    const must = "metadata tokenizer.ggml.remove_extra_whitespaces must be false";
    throw refuseFile(metadata.file, `${must}, got true; put the model's tokenizer.json beside the file`);
  }
  const dummySpace = metadata.boolean("tokenizer.ggml.add_space_prefix") ?? true;
  const spaces = { type: "Replace", pattern: { String: " " }, content: "▁" };
  return {
    normalizer: dummySpace
      ? { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "▁" }, spaces] }
      : spaces,
    preTokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(dummySpace ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: "BPE",
      unk_token: special(metadata, tokens, "unknown")?.text ?? null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab: ids,
      merges: mergesOfScores(tokens, scores, (id) => typeOf(id) === TYPE.normal),
    },
    addBos: true,
  };
}

function assemble({ metadata, tokens, typeOf }: Vocabulary, kind: Kind): JsonObject {
  const added = tokens.flatMap((content, id) => {
    const type = typeOf(id);
    if (type !== TYPE.control && type !== TYPE.unknown && type !== TYPE.userDefined) return [];
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return [{ id, content, ...flags, special: type !== TYPE.userDefined }];
  });
  const addsBos = metadata.boolean("tokenizer.ggml.add_bos_token") ?? kind.addBos;
  const addsEos = metadata.boolean("tokenizer.ggml.add_eos_token") ?? false;
  return {
    version: "1.0",
    added_tokens: added,
    normalizer: kind.normalizer,
    pre_tokenizer: kind.preTokenizer,
    post_processor: postProcessor(
      addsBos ? special(metadata, tokens, "bos") : undefined,
      addsEos ? special(metadata, tokens, "eos") : undefined,
    ),
    decoder: kind.decoder,
    model: kind.model,
  };
}

function postProcessor(before: SpecialToken | undefined, after: SpecialToken | undefined): JsonObject | null {
  const written = [before, after].filter((token) => token !== undefined);
  if (written.length === 0) return null;
  const piece = (token: SpecialToken | undefined): JsonObject[] =>
    token === undefined ? [] : [{ SpecialToken: { id: token.text, type_id: 0 } }];
  const sequence = (id: "A" | "B"): JsonObject => ({ Sequence: { id, type_id: 0 } });
  return {
    type: "TemplateProcessing",
    single: [...piece(before), sequence("A"), ...piece(after)],
    pair: [
      ...piece(before),
      sequence("A"),
      ...piece(after),
      ...piece(before),
      sequence("B"),
      ...piece(after),
    ],
    special_tokens: Object.fromEntries(
      written.map(({ id, text }) => [text, { id: text, ids: [id], tokens: [text] }]),
    ),
  };
}
