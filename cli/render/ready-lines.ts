/** What is said when the pair is up: what runs where, and how to call it. */
import type { ReadyEvent } from "../services/ready.js";
import type { Style } from "../terminal/style.js";
import { compactNumber } from "./format.js";

export function readyLines(event: ReadyEvent, style: Style): string[] {
  const policy = `policy ${event.policy}, ${compactNumber(event.policy_parameters)} parameters, ${event.precision}`;
  const prm =
    event.prm === null ? "no prm" : `prm ${event.prm}, ${compactNumber(event.prm_parameters)} parameters`;
  const swift = event.swift === null ? "" : ", swift";
  const calibrated = event.calibration === null ? "" : ", calibrated";
  const metrics = [event.generator_metrics, event.verifier_metrics].filter((address) => address !== null);
  return [
    style("Deliberate is up.", "bold"),
    `  generator  ${style(event.generator, "cyan")}  ${style(policy, "dim")}`,
    `  verifier   ${style(event.verifier, "cyan")}  ${style(prm + swift + calibrated, "dim")}`,
    ...metrics.map((address) => `  metrics    ${style(`http://${address}/metrics`, "cyan")}`),
  ];
}

const EXAMPLE = "Tom has 12 apples and gives away 5. How many are left?";

/** Commands that work as they stand, in another terminal. */
export function callingLines({ verifier }: ReadyEvent, style: Style): string[] {
  return [
    "",
    style("Call it from another terminal:", "bold"),
    `  npx deliberate solve --target ${verifier} \\`,
    `    "${EXAMPLE}"`,
    "",
    `  grpcurl -plaintext -d '{"problem": "${EXAMPLE}"}' \\`,
    `    ${verifier} deliberate.v1.VerifierService/Solve`,
    "",
    style("Serving until Ctrl-C.", "dim"),
  ];
}
