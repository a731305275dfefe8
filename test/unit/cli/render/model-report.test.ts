import { expect, test } from "vitest";
import type { ModelReportEvent, PrecisionShape } from "#cli/events.js";
import { modelReportLines } from "#cli/render/model-report.js";
import { createTerminal } from "#cli/terminal/terminal.js";

const terminal = createTerminal({ write: () => {} }, { write: () => {}, columns: 80 }, {});

const precision = (name: string, gigabytes: number, fits: boolean): PrecisionShape => ({
  precision: name,
  weights_bytes: gigabytes * 1e9,
  kv_bytes_per_token: 115e3,
  kv_bytes: 2e9,
  activations_bytes: 1e8,
  process_bytes: 1.5e8,
  total_bytes: gigabytes * 1e9 + 2.25e9,
  fits,
});

const large: ModelReportEvent = {
  event: "report",
  works: true,
  checks: [{ name: "config", ok: true, detail: "qwen2, 7.6G parameters" }],
  path: "/models/large",
  architecture: "qwen2",
  parameters: 7.6e9,
  context: 32768,
  files: [],
  tokenizer: { vocabulary: 152_000, hash: "00" },
  chat_template: true,
  eos: [],
  step_delimiter: "\n\n",
  prm: null,
  load: { candidates: 16, prompt_tokens: 512, new_tokens: 512 },
  machine_memory_bytes: 25e9,
  default_precision: "fp32",
  precisions: [precision("fp32", 31, false), precision("int8", 9.3, true), precision("int4", 6.7, true)],
};

test("a model that fits at some precisions: all of them, and the first to use", () => {
  expect(`\n${modelReportLines(large, terminal).join("\n")}\n`).toMatchInlineSnapshot(`
    "
    ✓ config   qwen2, 7.6G parameters

    precision    weights       K/V K/V/token   working   process    in all
    fp32            31GB     2.0GB     115kB     100MB     150MB      33GB  too much
    int8           9.3GB     2.0GB     115kB     100MB     150MB      12GB  fits
    int4           6.7GB     2.0GB     115kB     100MB     150MB     8.9GB  fits

    It works:
      npx deliberate solve "..." --policy /models/large --verifier none --precision int8
    "
  `);
});

test("a reward model is for --prm, at the default where that fits", () => {
  const small = large.precisions.map((each) => ({ ...each, fits: true }));
  const lines = modelReportLines(
    { ...large, prm: "qwen-math", chat_template: false, precisions: small },
    terminal,
  );
  expect(lines.at(-1)).toBe('  npx deliberate solve "..." --prm /models/large');
});
