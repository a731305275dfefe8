/* oxlint-disable no-underscore-dangle -- the names are node-llama-cpp's */
/**
 * node-llama-cpp as a contestant, in the fastest way that was found: a context of exactly as many sequences as there
 * are candidates, greedy sampling on its side, and the prompt's keys and values copied from sequence to sequence inside
 * llama.cpp (`llama_memory_seq_cp`, which its public API does not offer; its own decision context uses the same call).
 * `drive: "binding"` calls the native context without node-llama-cpp's batching queue.
 */
import { readFile } from "node:fs/promises";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";
import { serveRunner, stepwise } from "../../dist/bench/engine/child.js";

const PACKAGE = new URL("./node_modules/node-llama-cpp/package.json", import.meta.url);
const { version } = JSON.parse(await readFile(PACKAGE, "utf8"));
const GREEDY = { generateNext: { token: true, options: { temperature: 0 } } };
const BATCH_SIZE = 512;

async function createLlama({ gguf, threads, flashAttention, drive }) {
  const llama = await getLlama({
    gpu: false,
    build: "never",
    skipDownload: true,
    progressLogs: false,
    maxThreads: threads,
    logLevel: LlamaLogLevel.error,
  });
  const model = await llama.loadModel({ modelPath: gguf });
  let context;
  let sequences = [];
  let shape = { rows: 0, tokens: 0 };

  /** One context at a time: llama.cpp's attention runs over the sequences that a context has. */
  async function prepare(rows, tokens) {
    if (shape.rows === rows && shape.tokens >= tokens) return;
    await context?.dispose();
    context = await model.createContext({
      sequences: rows,
      contextSize: tokens,
      batchSize: BATCH_SIZE,
      flashAttention,
      threads,
    });
    sequences = Array.from({ length: rows }, () => context.getSequence());
    shape = { rows, tokens };
  }

  async function prefill(prompt) {
    const [first] = sequences;
    await first.clearHistory();
    const last = prompt.length - 1;
    const results = await first.controlledEvaluate([...prompt.slice(0, last), [prompt[last], GREEDY]]);
    return results[last].next.token;
  }

  async function open(prompt) {
    const next = await prefill(prompt);
    for (const sequence of sequences.slice(1)) await copy(sequence, sequences[0]);
    const Rows = drive === "binding" ? BindingRows : ApiRows;
    return new Rows(llama, model, context, sequences.slice(), prompt.length, next);
  }

  return {
    settings: `flashAttention ${flashAttention}, ${drive === "binding" ? "native context without its queue" : "controlledEvaluate"}, batchSize ${BATCH_SIZE}, one context of as many sequences as candidates, prompt shared by seq_cp`,
    versions: { "node-llama-cpp": version, "llama.cpp": llama.llamaCppRelease.release },
    prepare,
    prefill,
    open,
    dispose: () => llama.dispose(),
  };
}

async function copy(to, from) {
  const done = await to._copyStateFromOtherSequence(from, from.nextTokenIndex);
  if (!done) throw new Error("node-llama-cpp did not copy a sequence");
}

/** Rows by the documented interface. */
class ApiRows {
  constructor(_llama, _model, _context, sequences) {
    this.sequences = sequences;
  }

  async step(tokenIds) {
    const results = await Promise.all(
      this.sequences.map((sequence, i) => sequence.controlledEvaluate([[tokenIds[i], GREEDY]])),
    );
    return results.map(([result]) => result.next.token);
  }

  /** The first child of a row keeps its sequence; the others overwrite sequences of rows that end. */
  async fork(parents) {
    const { next, copies } = placeChildren(parents, this.sequences);
    for (const [to, from] of copies) await copy(to, from);
    this.sequences = next;
  }

  async close() {}
}

/** Rows by the native context: one batch, one decode, one sampler a row. */
class BindingRows {
  constructor(llama, model, context, sequences, length) {
    const { AddonSampler } = llama._bindings;
    this.context = context._ctx;
    this.sequences = sequences.map(({ _sequenceId }) => _sequenceId);
    this.length = length;
    this.samplers = sequences.map(() => {
      const sampler = new AddonSampler(model._model);
      sampler.applyConfig({ temperature: 0 });
      return sampler;
    });
  }

  async step(tokenIds) {
    const { context, samplers, length } = this;
    context.initBatch(tokenIds.length);
    const logits = this.sequences.map(
      (id, i) => context.addToBatch(id, length, Uint32Array.of(tokenIds[i]), Uint32Array.of(0))[0],
    );
    await context.decodeBatch();
    this.length++;
    return Promise.all(logits.map((index, i) => context.sampleToken(index, samplers[i])));
  }

  async fork(parents) {
    const { next, copies } = placeChildren(parents, this.sequences);
    for (const [to, from] of copies) await this.context.copySequenceStateFromOtherSequence(to, from);
    this.sequences = next;
  }

  async close() {
    for (const sampler of this.samplers) sampler.dispose();
  }
}

/** Which sequence every child gets, and what must be copied for it. */
function placeChildren(parents, sequences) {
  const kept = new Set(parents);
  const free = sequences.filter((_, row) => !kept.has(row));
  const used = new Set();
  const copies = [];
  const next = parents.map((parent) => {
    if (!used.has(parent)) {
      used.add(parent);
      return sequences[parent];
    }
    const target = free.pop();
    copies.push([target, sequences[parent]]);
    return target;
  });
  return { next, copies };
}

await serveRunner(async (setup) => stepwise(await createLlama(setup)));
