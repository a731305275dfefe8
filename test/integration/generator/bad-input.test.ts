import { describe, expect, test } from "vitest";
import type { ExpandRequest } from "#shared/rpc/gen/deliberate/v1/ExpandRequest.js";
import type { FeaturizeRequest } from "#shared/rpc/gen/deliberate/v1/FeaturizeRequest.js";
import type { Grow } from "#shared/rpc/gen/deliberate/v1/Grow.js";
import type { Open } from "#shared/rpc/gen/deliberate/v1/Open.js";
import type { Probe } from "#shared/rpc/gen/deliberate/v1/Probe.js";
import type { Sampling } from "#shared/rpc/gen/deliberate/v1/Sampling.js";
import type { Tensor } from "#shared/rpc/gen/deliberate/v1/Tensor.js";
import { collect, rejection } from "../rpc/harness.js";
import { startGenerator } from "./harness.js";

const tenMegabytes = "x".repeat(10_000_000);
const floats = (...values: number[]): Buffer => Buffer.from(new Float32Array(values).buffer);
const tensor: Tensor = { dataType: "DATA_TYPE_FLOAT32", shape: [1, 2], data: floats(1, 2) };
const probe: Probe = { name: "p", modelHash: "aa", weights: tensor };
const opened = { open: { prompt: "hi" } };

const sampled = (sampling: Sampling): Open => ({ prompt: "hi", sampling });
const grow = (fields: Grow): Grow => ({ nodeId: 0, count: 1, until: "UNTIL_STEP", ...fields });

const badOpens: readonly [title: string, open: Open, field: string, description: string][] = [
  ["no input", {}, "open.input", "must be set"],
  ["an empty prompt", { prompt: "" }, "open.prompt", "must not be empty"],
  ["a 10 MB prompt", { prompt: tenMegabytes }, "open.prompt", "at most 1000 bytes, got 10000000"],
  ["no messages", { messages: {} }, "open.messages.messages", "at least one message"],
  [
    "an unknown role",
    { messages: { messages: [{ role: "tool", content: "" }] } },
    "open.messages.messages[0].role",
    'system, user, assistant, got "tool"',
  ],
  [
    "a 10 MB message",
    { messages: { messages: [{ role: "user", content: tenMegabytes }] } },
    "open.messages.messages[0].content",
    "beyond 1000 bytes",
  ],
  ["no token ids", { promptTokenIds: { ids: [] } }, "open.prompt_token_ids.ids", "at least one id"],
  [
    "a NaN temperature",
    sampled({ temperature: Number.NaN }),
    "open.sampling.temperature",
    "in [0, 10], got NaN",
  ],
  ["text for a temperature", sampled({ temperature: "hot" }), "open.sampling.temperature", "got NaN"],
  ["a negative temperature", sampled({ temperature: -1 }), "open.sampling.temperature", "got -1"],
  ["an endless temperature", sampled({ temperature: Infinity }), "open.sampling.temperature", "got Infinity"],
  ["top_k 0", sampled({ topK: 0 }), "open.sampling.top_k", "at least 1"],
  ["top_p 0", sampled({ topP: 0 }), "open.sampling.top_p", "in (0, 1], got 0"],
  ["top_p 1.5", sampled({ topP: 1.5 }), "open.sampling.top_p", "got 1.5"],
  ["min_p -0.1", sampled({ minP: -0.1 }), "open.sampling.min_p", "in [0, 1], got -0.1"],
  [
    "repetition_penalty 0",
    sampled({ repetitionPenalty: 0 }),
    "open.sampling.repetition_penalty",
    "in [0.1, 10], got 0",
  ],
  ["an unknown order", sampled({ order: 9 as 2 }), "open.sampling.order", "got 9"],
  [
    "nine stops",
    sampled({ stop: Array.from({ length: 9 }, String) }),
    "open.sampling.stop",
    "at most 8 items, got 9",
  ],
  ["an empty stop", sampled({ stop: ["a", ""] }), "open.sampling.stop[1]", "must not be empty"],
  ["a seed beyond 2^53", { prompt: "hi", seed: 2 ** 64 }, "open.seed", "below 2^53"],
  ["an empty delimiter", { prompt: "hi", stepDelimiter: "" }, "open.step_delimiter", "must not be empty"],
  ["a priority beyond 10", { prompt: "hi", priority: 11 }, "open.priority", "in [-10, 10], got 11"],
  ["an empty salt", { prompt: "hi", cacheSalt: "" }, "open.cache_salt", "must not be empty"],
  ["a long salt", { prompt: "hi", cacheSalt: "x".repeat(257) }, "open.cache_salt", "at most 256 bytes"],
  [
    "a probe without a name",
    { prompt: "hi", probes: [{ ...probe, name: "" }] },
    "open.probes[0].name",
    "must not be empty",
  ],
  [
    "a probe without weights",
    { prompt: "hi", probes: [{ name: "p", modelHash: "aa" }] },
    "open.probes[0].weights.shape",
    "two sizes",
  ],
  [
    "a probe of an unknown input",
    { prompt: "hi", probes: [{ ...probe, input: 9 as 1 }] },
    "open.probes[0].input",
    "PROBE_INPUT_LOGITS, got 9",
  ],
  [
    "a probe of float16",
    { prompt: "hi", probes: [{ ...probe, weights: { ...tensor, dataType: "DATA_TYPE_FLOAT16" } }] },
    "open.probes[0].weights.data_type",
    "DATA_TYPE_FLOAT32",
  ],
  [
    "a probe of too few bytes",
    { prompt: "hi", probes: [{ ...probe, weights: { ...tensor, data: floats(1) } }] },
    "open.probes[0].weights.data",
    "must have 8 bytes for its shape, got 4",
  ],
  [
    "a probe with a NaN",
    { prompt: "hi", probes: [{ ...probe, weights: { ...tensor, data: floats(1, Number.NaN) } }] },
    "open.probes[0].weights.data",
    "must be finite, got NaN at 1",
  ],
  [
    "a probe of a huge shape",
    { prompt: "hi", probes: [{ ...probe, weights: { ...tensor, shape: [2 ** 31, 2 ** 31] } }] },
    "open.probes[0].weights.shape[0]",
    "in [1, 256]",
  ],
  [
    "seventeen probes",
    { prompt: "hi", probes: Array.from({ length: 17 }, () => probe) },
    "open.probes",
    "at most 16 items, got 17",
  ],
];

const one = { continuations: [{ text: "a" }] };
const badFeaturizes: readonly [
  title: string,
  request: FeaturizeRequest,
  field: string,
  description: string,
][] = [
  ["no input", one, "input", "must be set"],
  ["an empty prompt", { ...one, prompt: "" }, "prompt", "must not be empty"],
  ["no token ids", { ...one, promptTokenIds: {} }, "prompt_token_ids.ids", "at least one id"],
  [
    "an unknown role",
    { ...one, messages: { messages: [{ role: "tool", content: "" }] } },
    "messages.messages[0].role",
    'got "tool"',
  ],
  ["no continuations", { prompt: "hi" }, "continuations", "at least one item"],
  [
    "too many continuations",
    { prompt: "hi", continuations: Array.from({ length: 257 }, () => ({ text: "a" })) },
    "continuations",
    "at most 256 items, got 257",
  ],
  [
    "a continuation of nothing",
    { prompt: "hi", continuations: [{ text: "a" }, {}] },
    "continuations[1].content",
    "text or token_ids",
  ],
  [
    "an empty text",
    { prompt: "hi", continuations: [{ text: "" }] },
    "continuations[0].text",
    "must not be empty",
  ],
  [
    "a 10 MB text",
    { prompt: "hi", continuations: [{ text: tenMegabytes }] },
    "continuations[0].text",
    "at most 1000 bytes, got 10000000",
  ],
  [
    "a continuation without ids",
    { prompt: "hi", continuations: [{ tokenIds: {} }] },
    "continuations[0].token_ids.ids",
    "at least one id",
  ],
  ["unknown features", { ...one, prompt: "hi", features: 9 as 1 }, "features", "FEATURES_LOGITS, got 9"],
  ["a priority beyond 10", { ...one, prompt: "hi", priority: 11 }, "priority", "got 11"],
  ["an empty salt", { ...one, prompt: "hi", cacheSalt: "" }, "cache_salt", "must not be empty"],
];

const badGrows: readonly [title: string, request: ExpandRequest, field: string, description: string][] = [
  ["a count of 0", { grow: grow({ count: 0 }) }, "grow.count", "in [1, 8], got 0"],
  ["a count over the limit", { grow: grow({ count: 9 }) }, "grow.count", "got 9"],
  ["no until", { grow: grow({ until: "UNTIL_UNSPECIFIED" }) }, "grow.until", "UNTIL_STEP, UNTIL_END"],
  ["max_tokens 0", { grow: grow({ maxTokens: 0 }) }, "grow.max_tokens", "at least 1"],
  ["a node id beyond 2^53", { grow: grow({ nodeId: 2 ** 64 }) }, "grow.node_id", "below 2^53"],
  ["bad sampling", { grow: grow({ sampling: { topP: 2 } }) }, "grow.sampling.top_p", "got 2"],
  ["an empty prune", { prune: {} }, "prune.node_ids", "at least one id"],
  [
    "too many ids",
    { prune: { nodeIds: Array.from({ length: 101 }, () => 1) } },
    "prune.node_ids",
    "at most 100",
  ],
  ["an empty request", {}, "request", "must be grow or prune"],
];

describe("INVALID_ARGUMENT naming the field", () => {
  test.each(badOpens)("Open with %s", async (_title, open, field, description) => {
    const { expand, engine } = await startGenerator();
    const error = await rejection(expand({ open }));
    expect(error).toMatchObject({
      code: "invalid_argument",
      details: {
        reason: "INVALID_FIELD",
        fieldViolations: [{ field, description: expect.stringContaining(description) }],
      },
    });
    expect((error as Error).message).toContain(field);
    expect(engine.opened).toHaveLength(0);
  });

  test.each(badFeaturizes)("Featurize with %s", async (_title, request, field, description) => {
    const { client, engine } = await startGenerator();
    const error = await rejection(collect(client.featurize(request)));
    expect(error).toMatchObject({
      code: "invalid_argument",
      details: {
        reason: "INVALID_FIELD",
        fieldViolations: [{ field, description: expect.stringContaining(description) }],
      },
    });
    expect(engine.featurized).toHaveLength(0);
  });

  test.each(badGrows)("a session's request with %s", async (_title, request, field, description) => {
    const { expand, engine } = await startGenerator();
    const error = await rejection(expand(opened, request));
    expect(error).toMatchObject({
      code: "invalid_argument",
      details: { fieldViolations: [{ field, description: expect.stringContaining(description) }] },
    });
    expect(engine.sessions.size).toBe(0);
  });
});

describe("FAILED_PRECONDITION and NOT_FOUND", () => {
  test.each<[title: string, requests: ExpandRequest[], code: string, reason: string]>([
    ["Grow before Open", [{ grow: grow({}) }], "failed_precondition", "SESSION_NOT_OPEN"],
    ["no request at all", [], "failed_precondition", "SESSION_NOT_OPEN"],
    ["Open twice", [opened, opened], "failed_precondition", "SESSION_ALREADY_OPEN"],
    ["an unknown node", [opened, { grow: grow({ nodeId: 7 }) }], "not_found", "UNKNOWN_NODE"],
    [
      "Grow after Prune",
      [opened, { grow: grow({}) }, { prune: { nodeIds: [1] } }, { grow: grow({ nodeId: 1 }) }],
      "failed_precondition",
      "NODE_PRUNED",
    ],
  ])("%s", async (_title, requests, code, reason) => {
    const { expand, engine } = await startGenerator();
    expect(await rejection(expand(...requests))).toMatchObject({ code, details: { reason } });
    expect(engine.sessions.size).toBe(0);
  });
});

test("a message beyond 16 MiB is RESOURCE_EXHAUSTED, and the service goes on", async () => {
  const { expand, client } = await startGenerator();
  const error = await rejection(expand({ open: { prompt: "x".repeat(17 * 2 ** 20) } }));
  expect(error).toMatchObject({ code: "resource_exhausted" });
  expect(await client.getModelInfo({})).toMatchObject({ model: "fake" });
});
