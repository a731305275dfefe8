/** deliberate.v1.Sampling, which both services take, to plain values. */
import type { Sampling, Sampling__Output } from "./gen/deliberate/v1/Sampling.js";
import { enumOf, integerIn, listOf, numberThat, textOf } from "./fields.js";

/** Knobs that were set; ranges as the proto states them. */
export interface SamplingKnobs {
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly order?: "temperature_first" | "filter_first";
  readonly stop?: readonly string[];
}

export const maxTemperature = 10;
export const maxStops = 8;
/** 64 characters of up to four bytes. */
const maxStopBytes = 256;

const orders = {
  SAMPLING_ORDER_UNSPECIFIED: undefined,
  SAMPLING_ORDER_TEMPERATURE_FIRST: "temperature_first",
  SAMPLING_ORDER_FILTER_FIRST: "filter_first",
} as const;

/** Throws INVALID_ARGUMENT naming the knob below `path`, which ends without a dot. */
export function toSampling(path: string, sampling: Sampling__Output | null | undefined): SamplingKnobs {
  if (sampling === null || sampling === undefined) return {};
  const at = (knob: string): string => `${path}.${knob}`;
  const { temperature, topK, topP, minP, repetitionPenalty } = sampling;
  const order = enumOf(at("order"), sampling.order, orders);
  const stop = listOf(at("stop"), sampling.stop, maxStops).map((text, i) =>
    stopOf(`${at("stop")}[${i}]`, text),
  );
  return {
    ...(temperature !== undefined && {
      temperature: numberThat(
        at("temperature"),
        temperature,
        `in [0, ${maxTemperature}]`,
        (t) => t >= 0 && t <= 10,
      ),
    }),
    ...(topK !== undefined && { topK: integerIn(at("top_k"), topK, 1) }),
    ...(topP !== undefined && { topP: numberThat(at("top_p"), topP, "in (0, 1]", (p) => p > 0 && p <= 1) }),
    ...(minP !== undefined && { minP: numberThat(at("min_p"), minP, "in [0, 1]", (p) => p >= 0 && p <= 1) }),
    ...(repetitionPenalty !== undefined && {
      repetitionPenalty: numberThat(
        at("repetition_penalty"),
        repetitionPenalty,
        "in [0.1, 10]",
        (penalty) => penalty >= 0.1 && penalty <= 10,
      ),
    }),
    ...(order !== undefined && { order }),
    ...(stop.length > 0 && { stop }),
  };
}

function stopOf(field: string, text: string): string {
  return textOf(field, text, maxStopBytes);
}

export function fromSampling(sampling: SamplingKnobs): Sampling {
  const { order = "temperature_first", stop = [], ...knobs } = sampling;
  return {
    ...knobs,
    order: order === "filter_first" ? "SAMPLING_ORDER_FILTER_FIRST" : "SAMPLING_ORDER_TEMPERATURE_FIRST",
    stop: [...stop],
  };
}
