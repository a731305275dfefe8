import { describe, expect, test } from "vitest";
import { StepText, type StepTextOptions } from "#generator/engine/step-text.js";
import { createTextDecoder } from "#shared/lm/checkpoint/text-decoder.js";
import { byteTokenizer } from "../../../fakes/byte-tokenizer.js";

/** A tokenizer of whole words: token i stands for words[i]. */
function words(...vocabulary: readonly string[]): StepTextOptions["tokenizer"] {
  const decode = (ids: readonly number[]): string => ids.map((id) => vocabulary[id]).join("");
  return { createTextDecoder: (contextIds = []) => createTextDecoder(decode, contextIds) };
}

const options: StepTextOptions = {
  tokenizer: byteTokenizer,
  contextTokenIds: [],
  textBefore: "",
  delimiter: "\n\n",
  stop: [],
};

/** What each token of the text came to. */
function pushAll(step: StepText, tokenIds: Iterable<number>) {
  return Array.from(tokenIds, (tokenId) => step.push(tokenId));
}

describe("the text of a step", () => {
  test("ends when a delimiter of several tokens is complete, and keeps it", () => {
    const step = new StepText(options);
    expect(pushAll(step, Buffer.from("a\nb\n\n"))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      "step",
    ]);
    expect(step.finish()).toBe("a\nb\n\n");
  });

  test("ends with the token that holds the delimiter, whatever follows it there", () => {
    const step = new StepText({ ...options, tokenizer: words("one", ".\n\nTwo") });
    expect(pushAll(step, [0, 1])).toEqual([undefined, "step"]);
    expect(step.finish()).toBe("one.\n\nTwo");
  });

  test("does not take the step before for its own", () => {
    const step = new StepText({ ...options, textBefore: "x\n", contextTokenIds: [...Buffer.from("x\n")] });
    expect(pushAll(step, Buffer.from("\ny"))).toEqual([undefined, undefined]);
  });

  test("ends with a stop string that began in the step before", () => {
    const step = new StepText({ ...options, textBefore: "done\n\n", stop: ["\n\nQ:"] });
    expect(pushAll(step, Buffer.from("Q:"))).toEqual([undefined, "stop"]);
  });

  test("does not end twice with the same stop string", () => {
    const step = new StepText({ ...options, textBefore: "stop", stop: ["stop"] });
    expect(pushAll(step, Buffer.from("s"))).toEqual([undefined]);
  });

  test("holds an unfinished character back, and gives U+FFFD when the step ends in it", () => {
    const euro = Buffer.from("€");
    const step = new StepText({ ...options, delimiter: "€" });
    expect(pushAll(step, [...euro, ...euro.subarray(0, 2)].slice(0, 2))).toEqual([undefined, undefined]);
    expect(step.push(euro[2]!)).toBe("step");
    step.push(euro[0]!);
    expect(step.finish()).toBe("€\ufffd");
  });
});
