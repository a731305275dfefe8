/**
 * transformers.js as a contestant: the loop that its `generate` runs (forward with past_key_values, present outputs
 * becoming the next past), without its logits processors. A prompt runs once and its keys and values are repeated for
 * the candidates; a fork gathers the past.
 */
import { readFile } from "node:fs/promises";
import { AutoModelForCausalLM, DynamicCache, env, Tensor } from "@huggingface/transformers";
import { argmax } from "../../dist/bench/engine/contestant.js";
import { serveRunner, stepwise } from "../../dist/bench/engine/child.js";

const PACKAGE = new URL("./node_modules/@huggingface/transformers/package.json", import.meta.url);
const { version } = JSON.parse(await readFile(PACKAGE, "utf8"));

async function createTransformers({ directory, name, dtype, threads }) {
  env.allowRemoteModels = false;
  env.localModelPath = directory;
  const model = await AutoModelForCausalLM.from_pretrained(name, {
    dtype,
    device: "cpu",
    local_files_only: true,
    use_external_data_format: true,
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: "all" },
  });

  async function runPrompt(prompt) {
    const output = await forward(model, prompt, 1, prompt.length);
    return { past: pastOf(output), next: likeliest(output.logits)[0] };
  }

  return {
    settings: `dtype ${dtype}, model.forward with past_key_values (the loop of generate), prompt run once and repeated`,
    versions: { "@huggingface/transformers": version },
    prepare: async () => {},
    prefill: async (prompt) => (await runPrompt(prompt)).next,
    open: async (prompt, count) => {
      const { past } = await runPrompt(prompt);
      const rows = new TransformersRows(model, past, prompt.length, count);
      rows.gather(Array.from({ length: count }, () => 0));
      return rows;
    },
    dispose: () => model.dispose(),
  };
}

class TransformersRows {
  constructor(model, past, length, count) {
    this.model = model;
    this.past = past;
    this.length = length;
    this.count = count;
  }

  async step(tokenIds) {
    this.length++;
    const output = await forward(this.model, tokenIds, this.count, this.length, this.past);
    this.past = pastOf(output);
    return likeliest(output.logits);
  }

  async fork(parents) {
    this.gather(parents);
  }

  gather(parents) {
    const entries = Object.entries(this.past).map(([name, tensor]) => {
      const size = tensor.data.length / tensor.dims[0];
      const data = new tensor.data.constructor(size * parents.length);
      for (const [row, parent] of parents.entries())
        data.set(tensor.data.subarray(parent * size, (parent + 1) * size), row * size);
      return [name, new Tensor(tensor.type, data, [parents.length, ...tensor.dims.slice(1)])];
    });
    this.past = new DynamicCache(Object.fromEntries(entries));
  }

  async close() {}
}

function forward(model, tokenIds, rows, total, past) {
  const input = BigInt64Array.from(tokenIds, BigInt);
  return model.forward({
    input_ids: new Tensor("int64", input, [rows, tokenIds.length / rows]),
    attention_mask: new Tensor("int64", new BigInt64Array(rows * total).fill(1n), [rows, total]),
    num_logits_to_keep: new Tensor("int64", [1n], []),
    ...(past && { past_key_values: past }),
  });
}

const pastOf = (output) =>
  new DynamicCache(
    Object.fromEntries(
      Object.entries(output)
        .filter(([name]) => name.startsWith("present"))
        .map(([name, tensor]) => [name.replace("present", "past_key_values"), tensor]),
    ),
  );

/** Of logits [rows, 1, vocabulary]. */
const likeliest = ({ data, dims: [rows, , vocabulary] }) =>
  Array.from({ length: rows }, (_, row) => argmax(data, row * vocabulary, vocabulary));

await serveRunner(async (setup) => stepwise(await createTransformers(setup)));
