// A stand-in for a service's compiled entry file: says that it is ready and ends on SIGTERM, or misbehaves as FAKE_SERVICE says.
const modes = (process.env.FAKE_SERVICE ?? "").split(",");
const name = process.env.VERIFIER_PORT !== undefined || process.argv.includes("verifier") ? "verifier" : "generator";
const does = (mode) => modes.includes(mode) || modes.includes(`${name}:${mode}`);

console.error(`${name} pid ${process.pid}`);
if (does("fails")) {
  console.error("the model's config.json must have hidden_size, got none");
  process.exit(1);
}
if (does("refuses")) {
  console.error("THREADS must be an integer, got \"many\"");
  process.exit(2);
}
console.log("a line that is not JSON");
console.log(JSON.stringify({ event: "loading" }));
const timer = setInterval(() => {}, 1000);
if (!does("silent")) console.log(JSON.stringify({ event: "ready", address: "127.0.0.1:9" }));
process.on("SIGTERM", () => {
  if (does("stubborn")) return;
  clearInterval(timer);
  process.exit(0);
});
process.on("SIGINT", () => {});
if (does("dies")) setTimeout(() => process.exit(7), 200);
