/** A trained tokenizer in the files that Hugging Face libraries read: `tokenizer.json` and `tokenizer_config.json`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Problem, generateProblem } from "#train/problems/generate.js";
import { END_TOKEN, PAD_TOKEN, type TrainedTokenizer, trainTokenizer } from "./bpe.js";

/** Tokens of the shipped models' vocabulary, special ones included. */
export const VOCABULARY_SIZE = 512;
const CORPUS_PROBLEMS = 20_000;
const CORPUS_SEED = 1;

/** The prompt is the last user message and a newline, nothing else; the solution starts on the next line. */
const CHAT_TEMPLATE = [
  "{%- set ns = namespace(problem='') -%}",
  "{%- for message in messages -%}",
  "{%- if message['role'] == 'user' -%}{%- set ns.problem = message['content'] -%}{%- endif -%}",
  "{%- endfor -%}",
  "{{ ns.problem + '\\n' }}",
].join("");

/** The text a model sees before a solution; equals the chat template's rendering. */
export function promptText(problem: Pick<Problem, "problem">): string {
  return `${problem.problem}\n`;
}

/** The tokenizer of the shipped models: learnt from training problems of all levels, the same on every call. */
export function trainProblemTokenizer(): TrainedTokenizer {
  return trainTokenizer({ corpus: problemTexts(), vocabularySize: VOCABULARY_SIZE });
}

/** Writes both files into `directory` (made if missing). */
export function writeTokenizer(
  directory: string,
  tokenizer: TrainedTokenizer = trainProblemTokenizer(),
): void {
  mkdirSync(directory, { recursive: true });
  const files = {
    "tokenizer.json": tokenizerJson(tokenizer),
    "tokenizer_config.json": tokenizerConfigJson(),
  };
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(directory, name), `${JSON.stringify(content, undefined, 1)}\n`);
}

/** The content of `tokenizer.json`: single digits, then GPT-2's byte-level words, then the merges. */
export function tokenizerJson({ vocabulary, merges }: TrainedTokenizer): object {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [END_TOKEN, PAD_TOKEN].map((content) => ({
      id: vocabulary.indexOf(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel],
    },
    post_processor: null,
    decoder: { ...byteLevel },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** The content of `tokenizer_config.json`. */
export function tokenizerConfigJson(): object {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    add_bos_token: false,
    add_prefix_space: false,
    bos_token: null,
    eos_token: END_TOKEN,
    pad_token: PAD_TOKEN,
    unk_token: null,
    clean_up_tokenization_spaces: false,
    chat_template: CHAT_TEMPLATE,
  };
}

function* problemTexts(): Generator<string> {
  for (let index = 0; index < CORPUS_PROBLEMS; index++) {
    const problem = generateProblem({}, "train", CORPUS_SEED, index);
    yield promptText(problem) + problem.solution;
  }
}
