/**
 * Whether a head may score what a policy writes. A head is a linear map of one model's numbers, fitted to texts that were
 * sampled in one way: of another model, precision, template or sampling its scores would be of something else, and
 * nothing in them would show it. So whatever differs is refused, never scored.
 */
import { ServiceError } from "#shared/errors.js";
import type { PolicyInfo, Sampling } from "../../ports.js";
import type { SwiftHead, SwiftSampling } from "./head-file.js";

/** @throws ServiceError `failed_precondition`, SWIFT_HEAD_MISMATCH: what must hold, what was got, what to do. */
export function assertHeadFits(head: SwiftHead, policy: PolicyInfo): void {
  const { modelHash, precision, adapter, chatTemplateHash } = head.provenance;
  if (modelHash !== policy.modelHash)
    throw mismatch(
      head,
      `it must have been trained for ${policy.model} (${policy.modelHash}), but was for ${modelHash}`,
      "train a head for this policy",
    );
  if (precision !== policy.precision)
    throw mismatch(
      head,
      `it was trained at ${precision}, but the policy runs at ${policy.precision}`,
      `start the generator with GENERATOR_PRECISION=${precision}, train a head at ${policy.precision}`,
    );
  if (adapter !== "")
    throw mismatch(
      head,
      `it must need no adapter, since the policy has none, but was trained with ${adapter}`,
      "train a head without one",
    );
  if (chatTemplateHash !== policy.chatTemplateHash)
    throw mismatch(
      head,
      `the chat template must be the one it was trained with, ${chatTemplateHash || "none"}, but the policy's is ${policy.chatTemplateHash || "none"}`,
      "restore that template, train a head with this one",
    );
  assertWidth(head, policy);
}

function assertWidth(head: SwiftHead, { hiddenSize, hiddenStateCount, vocabularySize }: PolicyInfo): void {
  const { input } = head;
  const width = head.reward.weights.length;
  const remedy = "train a head for this policy";
  if (input.kind === "logits") {
    if (width !== vocabularySize)
      throw mismatch(head, `it must read ${vocabularySize} logits, but reads ${width}`, remedy);
  } else if (width !== input.layers.length * hiddenSize || Math.max(...input.layers) >= hiddenStateCount)
    throw mismatch(
      head,
      `it must read states below ${hiddenStateCount}, ${hiddenSize} numbers each, but reads ${width} over states ${input.layers.join(", ")}`,
      remedy,
    );
}

/** Without a word from anybody nothing is filtered. */
const OFF = { topP: 1, minP: 0, repetitionPenalty: 1 } as const;

/**
 * `sampling` is what a request asks for; what it leaves out is the policy's default. At temperature 0 nothing is sampled,
 * and then any head may look on. @throws as `assertHeadFits`.
 */
export function assertSamplingFits(head: SwiftHead, policy: PolicyInfo, sampling: Sampling): void {
  const used = { ...OFF, ...policy.defaultSampling, ...sampling };
  if (used.temperature === 0) return;
  const keepAll = policy.vocabularySize;
  const numbers = ({ topK = keepAll, ...others }: Sampling | SwiftSampling) => ({
    temperature: others.temperature,
    top_k: Math.min(topK, keepAll),
    top_p: others.topP,
    min_p: others.minP,
    repetition_penalty: others.repetitionPenalty,
  });
  const got = Object.entries(numbers(used));
  for (const [i, [knob, trained]] of Object.entries(numbers(head.provenance.sampling)).entries())
    if (got[i]![1] !== trained)
      throw mismatch(
        head,
        `texts must be sampled as when it was trained, with ${knob} ${trained}, got ${got[i]![1]}`,
        `set ${knob} to ${trained}, train a head for this sampling`,
      );
}

function mismatch(head: SwiftHead, problem: string, remedy: string): ServiceError {
  return new ServiceError(
    "failed_precondition",
    `the SWIFT head ${head.name} does not belong to the policy as it is used here: ${problem}; ${remedy}, or use another verifier`,
    { reason: "SWIFT_HEAD_MISMATCH" },
  );
}
