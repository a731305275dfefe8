/** Which policy and verifier are measured, by everything that their numbers depend on. */
import type { Calibrated } from "#train/calibration/calibrate.js";
import { BadInputError } from "../exit.js";
import type { GeneratorClient, VerifierClient } from "../services/use.js";

export type VerifierName = Calibrated["pair"]["verifier"]["name"];

export async function readPair(
  verifier: VerifierClient,
  generator: GeneratorClient,
  asked: Pick<Calibrated["pair"], "temperature"> & { readonly verifier: VerifierName },
  signal: AbortSignal,
): Promise<{ readonly pair: Calibrated["pair"]; readonly hasChatTemplate: boolean }> {
  const [served, policy] = await Promise.all([
    verifier.getVerifierInfo({}, { signal }),
    generator.getModelInfo({}, { signal }),
  ]);
  if (served.policyHash !== policy.modelHash)
    throw new BadInputError(
      `--generator must be the one behind --target, but it serves ${policy.modelHash} and the verifier watches ${served.policyHash || "none"}.`,
    );
  const hash = asked.verifier === "prm" ? served.prmHash : served.swiftHash;
  if (hash === "")
    throw new BadInputError(
      `--verifier ${asked.verifier} must be served, and is not: name one with --${asked.verifier}.`,
    );
  const { model, modelHash, precision, chatTemplateHash, hasChatTemplate } = policy;
  return {
    pair: {
      policy: { model, modelHash, precision, chatTemplateHash },
      verifier: { name: asked.verifier, hash },
      temperature: asked.temperature,
    },
    hasChatTemplate,
  };
}
