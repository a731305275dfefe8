/** Places for names beside the ends of lines. */

/**
 * Where to write labels that want to be at `wanted` so that they are `gap` apart and within [low, high]; in the order
 * of `wanted`. Too many to fit are closer than `gap`.
 */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const count = wanted.length;
  const distance = Math.min(gap, (high - low) / Math.max(1, count - 1));
  const order = wanted.map((_, i) => i).toSorted((a, b) => wanted[a]! - wanted[b]!);
  const places = order.map((i) => Math.min(high, Math.max(low, wanted[i]!)));
  for (let i = 1; i < count; i++) places[i] = Math.max(places[i]!, places[i - 1]! + distance);
  // Upwards may have left the top; come back down from there.
  let limit = high;
  for (let i = count - 1; i >= 0; i--) {
    places[i] = Math.min(places[i]!, limit);
    limit = places[i]! - distance;
  }
  const placed: number[] = Array.from({ length: count }, () => low);
  for (const [rank, i] of order.entries()) placed[i] = places[rank]!;
  return placed;
}
