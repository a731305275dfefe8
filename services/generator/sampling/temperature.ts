/**
 * Divides logits by the temperature, in place over one row [vocabulary]. The row is shifted so that its largest logit is
 * 0, which no softmax notices: then even the smallest temperature overflows to nothing worse than -Infinity.
 */
import { largest } from "./distribution.js";

export function applyTemperature(logits: Float64Array, temperature: number): void {
  const top = largest(logits);
  for (let id = 0; id < logits.length; id++) logits[id] = (logits[id]! - top) / temperature;
}
