// Starts a pair of stand-ins with the command line's own code, as `deliberate up` does, and stops it when told to.
import { fileURLToPath } from "node:url";
import { startPair } from "#cli/services/pair.js";

const main = fileURLToPath(new URL("./service-main.mjs", import.meta.url));
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => stop.abort(new Error(name)));
// Said before each start, so that a test knows when signals are heard and what is waited for.
const progress = { during: (what, work) => (console.log(JSON.stringify({ what })), work()) };
const models = { policy: "p", prm: "r", swift: undefined, precision: undefined, threads: undefined };
const places = { generator: { port: 0 }, verifier: { port: 0 } };
try {
  const pair = await startPair(models, progress, stop.signal, places, { generator: main, verifier: main });
  console.log(JSON.stringify({ pids: [pair.generator.pid, pair.verifier.pid] }));
  const aborted = new Promise((resolve) => stop.signal.addEventListener("abort", () => resolve("aborted")));
  const ended = Promise.race([pair.generator.ended, pair.verifier.ended]);
  const timer = setInterval(() => {}, 1000);
  console.log(JSON.stringify({ first: await Promise.race([aborted, ended]) }));
  clearInterval(timer);
  await pair.stop();
} catch (error) {
  console.log(JSON.stringify({ error: error.message, name: error.name }));
}
