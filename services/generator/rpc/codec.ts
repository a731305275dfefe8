/** proto <-> engine. Requests are checked field by field here, as far as that needs no state; defaults are the engine's. */
import { invalidField } from "#shared/errors.js";
import { enumOf, integerIn, listOf, textOf } from "#shared/rpc/fields.js";
import type { ChatMessages__Output } from "#shared/rpc/gen/deliberate/v1/ChatMessages.js";
import type { Continuation__Output } from "#shared/rpc/gen/deliberate/v1/Continuation.js";
import type { FeaturizeRequest__Output } from "#shared/rpc/gen/deliberate/v1/FeaturizeRequest.js";
import type { Grow__Output } from "#shared/rpc/gen/deliberate/v1/Grow.js";
import type { Open__Output } from "#shared/rpc/gen/deliberate/v1/Open.js";
import type { Prune__Output } from "#shared/rpc/gen/deliberate/v1/Prune.js";
import type { TokenIds__Output } from "#shared/rpc/gen/deliberate/v1/TokenIds.js";
import { toSampling } from "#shared/rpc/sampling.js";
import type {
  Continuation,
  EngineLimits,
  FeaturizeRequest,
  GrowRequest,
  Message,
  NodeId,
  OpenSession,
  Prompt,
} from "../engine/types.js";
import { toProbe } from "./probe-codec.js";

const maxMessages = 1024;
const maxProbes = 16;
const maxDelimiterBytes = 256;
const maxSaltBytes = 256;
const maxContinuations = 256;

const roles = { system: "system", user: "user", assistant: "assistant" } as const;
const featuresByName = {
  FEATURES_UNSPECIFIED: "hidden",
  FEATURES_HIDDEN_STATES: "hidden",
  FEATURES_LOGITS: "logits",
} as const;
const untils = { UNTIL_STEP: "step", UNTIL_END: "end" } as const;

export function toOpenSession(open: Open__Output, limits: EngineLimits): OpenSession {
  const { seed, stepDelimiter, priority, cacheSalt } = open;
  return {
    prompt: toPrompt("open.", open, limits),
    sampling: toSampling("open.sampling", open.sampling),
    seed: seed === undefined ? 0 : integerIn("open.seed", seed, 0),
    probes: listOf("open.probes", open.probes, maxProbes).map((probe, i) =>
      toProbe(`open.probes[${i}]`, probe),
    ),
    ...(stepDelimiter !== undefined && {
      stepDelimiter: textOf("open.step_delimiter", stepDelimiter, maxDelimiterBytes),
    }),
    includePromptProbe: open.includePromptProbe,
    ...(open.includeHiddenStates && { includeHiddenStates: true }),
    priority: toPriority("open.priority", priority),
    ...(cacheSalt !== undefined && { cacheSalt: textOf("open.cache_salt", cacheSalt, maxSaltBytes) }),
  };
}

export function toFeaturizeRequest(
  request: FeaturizeRequest__Output,
  limits: EngineLimits,
): FeaturizeRequest {
  const { priority, cacheSalt } = request;
  const continuations = listOf("continuations", request.continuations, maxContinuations);
  if (continuations.length === 0) throw invalidField("continuations", "must have at least one item");
  return {
    prompt: toPrompt("", request, limits),
    continuations: continuations.map((continuation, i) => toContinuation(i, continuation, limits)),
    features: enumOf("features", request.features, featuresByName),
    priority: toPriority("priority", priority),
    ...(cacheSalt !== undefined && { cacheSalt: textOf("cache_salt", cacheSalt, maxSaltBytes) }),
  };
}

function toContinuation(
  index: number,
  { content, text, tokenIds }: Continuation__Output,
  { maxPromptBytes }: EngineLimits,
): Continuation {
  const field = `continuations[${index}]`;
  if (content === "text") return { kind: "text", text: textOf(`${field}.text`, text ?? "", maxPromptBytes) };
  if (content !== "tokenIds") throw invalidField(`${field}.content`, "must be set: text or token_ids");
  return { kind: "tokens", tokenIds: someIds(`${field}.token_ids.ids`, tokenIds) };
}

const toPriority = (field: string, priority: number | undefined): number =>
  priority === undefined ? 0 : integerIn(field, priority, -10, 10);

function someIds(field: string, tokenIds: TokenIds__Output | null | undefined): readonly number[] {
  const ids = tokenIds?.ids ?? [];
  if (ids.length === 0) throw invalidField(field, "must have at least one id");
  return ids;
}

/** The fields that Open and FeaturizeRequest have in common. */
type PromptInput = Pick<Open__Output, "input" | "prompt" | "messages" | "promptTokenIds">;

/** `prefix` is what stands before them in the request. */
function toPrompt(prefix: "open." | "", input: PromptInput, { maxPromptBytes }: EngineLimits): Prompt {
  switch (input.input) {
    case "prompt":
      return { kind: "text", text: textOf(`${prefix}prompt`, input.prompt ?? "", maxPromptBytes) };
    case "messages":
      return {
        kind: "messages",
        messages: toMessages(`${prefix}messages.messages`, input.messages, maxPromptBytes),
      };
    case "promptTokenIds":
      return {
        kind: "tokens",
        tokenIds: someIds(`${prefix}prompt_token_ids.ids`, input.promptTokenIds),
      };
    default:
      throw invalidField(`${prefix}input`, "must be set: prompt, messages or prompt_token_ids");
  }
}

function toMessages(
  list: string,
  input: ChatMessages__Output | null | undefined,
  maxPromptBytes: number,
): Message[] {
  const messages = listOf(list, input?.messages ?? [], maxMessages);
  if (messages.length === 0) throw invalidField(list, "must have at least one message");
  let bytesLeft = maxPromptBytes;
  return messages.map(({ role, content }, index) => {
    const field = `${list}[${index}]`;
    bytesLeft -= Buffer.byteLength(content);
    if (bytesLeft < 0)
      throw invalidField(
        `${field}.content`,
        `takes the messages beyond ${maxPromptBytes} bytes; shorten them`,
      );
    return { role: enumOf(`${field}.role`, role, roles), content };
  });
}

export function toGrow(grow: Grow__Output, limits: EngineLimits): GrowRequest {
  const { maxTokens, sampling } = grow;
  return {
    nodeId: integerIn("grow.node_id", grow.nodeId, 0),
    count: integerIn("grow.count", grow.count, 1, limits.maxGrowCount),
    until: enumOf("grow.until", grow.until, untils),
    ...(maxTokens !== undefined && { maxTokens: integerIn("grow.max_tokens", maxTokens, 1) }),
    ...(sampling && { sampling: toSampling("grow.sampling", sampling) }),
  };
}

export function toPrunedIds(prune: Prune__Output, limits: EngineLimits): NodeId[] {
  const ids = listOf("prune.node_ids", prune.nodeIds, limits.maxNodesPerSession);
  if (ids.length === 0) throw invalidField("prune.node_ids", "must have at least one id");
  return ids.map((id, index) => integerIn(`prune.node_ids[${index}]`, id, 0));
}
