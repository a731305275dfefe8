/** A process that prepares a model's files, each weight after a while. Arguments: configuration, cache, milliseconds. */
import { setTimeout as sleep } from "node:timers/promises";
import { expectedTensors } from "#shared/lm/checkpoint/tensors.js";
import { prepareModelFiles } from "#shared/lm/runtime/model-files.js";

const [config, cacheDir, delayMs] = process.argv.slice(2);
const parsed = JSON.parse(config);
const sizes = new Map(expectedTensors(parsed).map(({ name, shape }) => [name, shape.reduce((a, b) => a * b, 1)]));
const source = {
  config: parsed,
  hash: "5".repeat(64),
  tensors: {
    tensors: new Map(),
    paths: [],
    async read(name) {
      await sleep(Number(delayMs));
      return new Float32Array(sizes.get(name)).fill(0.5);
    },
  },
};
console.log(await prepareModelFiles(source, { precision: "fp32", threads: 1, cacheDir }));
