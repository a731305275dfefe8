/** proto <-> engine. Requests are checked field by field here, as far as that needs no state; defaults are the engine's. */
import { invalidField } from "#shared/errors.js";
import { enumOf, integerIn, listOf, textOf } from "#shared/rpc/fields.js";
import type { ChatMessages__Output } from "#shared/rpc/gen/deliberate/v1/ChatMessages.js";
import type { Grow__Output } from "#shared/rpc/gen/deliberate/v1/Grow.js";
import type { Open__Output } from "#shared/rpc/gen/deliberate/v1/Open.js";
import type { Prune__Output } from "#shared/rpc/gen/deliberate/v1/Prune.js";
import { toSampling } from "#shared/rpc/sampling.js";
import type { EngineLimits, GrowRequest, Message, NodeId, OpenSession, Prompt } from "../engine/types.js";
import { toProbe } from "./probe-codec.js";

const maxMessages = 1024;
const maxProbes = 16;
const maxDelimiterBytes = 256;
const maxSaltBytes = 256;

const roles = { system: "system", user: "user", assistant: "assistant" } as const;
const untils = { UNTIL_STEP: "step", UNTIL_END: "end" } as const;

export function toOpenSession(open: Open__Output, limits: EngineLimits): OpenSession {
  const { seed, stepDelimiter, priority, cacheSalt } = open;
  return {
    prompt: toPrompt(open, limits),
    sampling: toSampling("open.sampling", open.sampling),
    seed: seed === undefined ? 0 : integerIn("open.seed", seed, 0),
    probes: listOf("open.probes", open.probes, maxProbes).map((probe, i) =>
      toProbe(`open.probes[${i}]`, probe),
    ),
    ...(stepDelimiter !== undefined && {
      stepDelimiter: textOf("open.step_delimiter", stepDelimiter, maxDelimiterBytes),
    }),
    includePromptProbe: open.includePromptProbe,
    priority: priority === undefined ? 0 : integerIn("open.priority", priority, -10, 10),
    ...(cacheSalt !== undefined && { cacheSalt: textOf("open.cache_salt", cacheSalt, maxSaltBytes) }),
  };
}

function toPrompt(open: Open__Output, { maxPromptBytes }: EngineLimits): Prompt {
  switch (open.input) {
    case "prompt":
      return { kind: "text", text: textOf("open.prompt", open.prompt ?? "", maxPromptBytes) };
    case "messages":
      return { kind: "messages", messages: toMessages(open.messages, maxPromptBytes) };
    case "promptTokenIds": {
      const tokenIds = open.promptTokenIds?.ids ?? [];
      if (tokenIds.length === 0) throw invalidField("open.prompt_token_ids.ids", "must have at least one id");
      return { kind: "tokens", tokenIds };
    }
    default:
      throw invalidField("open.input", "must be set: prompt, messages or prompt_token_ids");
  }
}

function toMessages(input: ChatMessages__Output | null | undefined, maxPromptBytes: number): Message[] {
  const messages = listOf("open.messages.messages", input?.messages ?? [], maxMessages);
  if (messages.length === 0) throw invalidField("open.messages.messages", "must have at least one message");
  let bytesLeft = maxPromptBytes;
  return messages.map(({ role, content }, index) => {
    const field = `open.messages.messages[${index}]`;
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
