/** Small tokenizers of the two kinds that published PRMs have: SentencePiece's (Mistral) and byte-level (Llama 3, Qwen). */
import { BYTE_ALPHABET } from "#train/tokenizer/byte-alphabet.js";

type Files = Readonly<Record<"tokenizer.json" | "tokenizer_config.json", object>>;

const special = (content: string, id: number): object => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

const bpe = (tokens: readonly string[], merges: readonly string[], more: object): object => ({
  type: "BPE",
  dropout: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  ...more,
  vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
  merges,
});

/** The merged tokens that follow from merges, in order. */
const merged = (merges: readonly string[]): string[] => merges.map((merge) => merge.replace(" ", ""));

/** As Mistral's: a space in front of every text, spaces as "▁", bytes for what has no token, BOS first. */
export function sentencePieceFiles(): Files {
  const merges = ["к и", "▁ ки", "▁ +", "▁ -", "▁ S", "t e", "▁S te", "▁Ste p", "▁ 1", "▁ a", "i s", "▁ is"];
  const characters = [
    ...new Set("▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-*/=.,:?ки"),
  ];
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
  );
  const specials = ["<unk>", "<s>", "</s>"];
  const tokens = [...specials, ...bytes, ...characters, ...merged(merges)];
  return {
    "tokenizer.json": {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: specials.map(special),
      normalizer: {
        type: "Sequence",
        normalizers: [
          { type: "Prepend", prepend: "▁" },
          { type: "Replace", pattern: { String: " " }, content: "▁" },
        ],
      },
      pre_tokenizer: null,
      post_processor: {
        type: "TemplateProcessing",
        single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
        pair: [],
        special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
      },
      decoder: null,
      model: bpe(tokens, merges, { unk_token: "<unk>", fuse_unk: true, byte_fallback: true }),
    },
    "tokenizer_config.json": { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" },
  };
}

/** The pattern by which Qwen2's tokenizer splits a text into words. */
const WORDS =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** As Qwen2's and Llama 3's: GPT-2's bytes, with merges over a line break as theirs have. */
export function byteLevelFiles(specials: readonly string[], config: object): Files {
  const merges = ["Ċ Ċ", ". Ċ", "? Ċ", "Ġ t", "h e", "Ġt he", "Ġ +", "Ġ =", "i s", "Ġ is", "T h"];
  const bytes = [...BYTE_ALPHABET, ...merged(merges)];
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    "tokenizer.json": {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: specials.map((content, index) => special(content, bytes.length + index)),
      normalizer: null,
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          { type: "Split", pattern: { Regex: WORDS }, behavior: "Isolated", invert: false },
          byteLevel,
        ],
      },
      post_processor: null,
      decoder: byteLevel,
      model: bpe(bytes, merges, { unk_token: null, fuse_unk: false, byte_fallback: false }),
    },
    "tokenizer_config.json": config,
  };
}
