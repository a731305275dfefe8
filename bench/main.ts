/** `npm run bench -- NAME`: the measurements behind README, ARCHITECTURE and the model cards. */
import { setMaxListeners } from "node:events";
import { parseArgs } from "node:util";
import { availableParallelism } from "node:os";
import { type EngineBenchOptions, runEngine } from "./engine/run.js";
import { runMawps } from "./mawps/run.js";
import { runCards } from "./models/cards.js";
import { runModels } from "./models/run.js";
import type { Quantised } from "./precision/measure.js";
import { toMarkdown as toPrecisionMarkdown } from "./precision/report.js";
import { runPrecision } from "./precision/run.js";

const USAGE = `usage: npm run bench -- engine [--policy DIR|FILE.gguf] [--threads N] [--peers none|llama|transformers|all] [--quick] [--profile]
       npm run bench -- models [--per-level 100] [--seed 777] [--threads N]
       npm run bench -- precision [--policy DIR|FILE.gguf] [--limit 240] [--precision int8,int4]
       npm run bench -- mawps --from SVAMP_DIR --policy DIR --out DIR
       npm run bench -- cards
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    policy: { type: "string" },
    from: { type: "string" },
    out: { type: "string" },
    threads: { type: "string", default: String(availableParallelism()) },
    seed: { type: "string", default: "777" },
    "per-level": { type: "string", default: "100" },
    limit: { type: "string" },
    precision: { type: "string" },
    peers: { type: "string", default: "all" },
    quick: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
  },
});

const signal = AbortSignal.any([]);
// Every problem under way listens to it, and Node takes more than ten for a leak.
setMaxListeners(0, signal);
const threads = Number(values.threads);
const [name] = positionals;
if (name === "engine")
  await runEngine(
    {
      ...(values.policy !== undefined && { policy: values.policy }),
      threads,
      peers: readPeers(values.peers),
      quick: values.quick,
      profile: values.profile,
    },
    signal,
  );
else if (name === "models")
  await runModels({ perLevel: Number(values["per-level"]), seed: Number(values.seed), threads }, signal);
else if (name === "precision") await precision();
else if (name === "mawps") await runMawps({ from: need("from"), policy: need("policy"), out: need("out") });
else if (name === "cards") await runCards();
else {
  process.stderr.write(USAGE);
  process.exitCode = 2;
}

function need(option: "from" | "policy" | "out"): string {
  const value = values[option];
  if (value === undefined) throw new Error(`--${option} must be given: see ${USAGE}`);
  return value;
}

function readPeers(text: string): EngineBenchOptions["peers"] {
  const all = ["none", "llama", "transformers", "all"] as const;
  const found = all.find((each) => each === text);
  if (found === undefined) throw new Error(`--peers must be one of ${all.join(", ")}, got ${text}`);
  return found;
}

async function precision(): Promise<void> {
  const options = {
    ...(values.policy !== undefined && { policy: values.policy }),
    ...(values.limit !== undefined && { limit: Number(values.limit) }),
    ...(values.precision !== undefined && { precisions: values.precision.split(",") as Quantised[] }),
    seed: Number(values.seed),
    threads,
  };
  process.stdout.write(toPrecisionMarkdown(await runPrecision(options, signal)));
}
