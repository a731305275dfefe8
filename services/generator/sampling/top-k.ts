/**
 * Top-k: drops every token that is less likely than the k-th likeliest. Ties with that one stay, as in Hugging Face
 * transformers, so more than k may be kept. In place over one row [vocabulary]; `k` at least 1.
 */
export function applyTopK(logits: Float64Array, k: number): void {
  if (k >= logits.length) return;
  const floor = kthLargest(logits.slice(), k);
  for (let id = 0; id < logits.length; id++) {
    if (logits[id]! < floor) logits[id] = -Infinity;
  }
}

/** The k-th largest value, by quickselect (Hoare): linear time on average. Reorders `values`. 1 <= k <= length. */
function kthLargest(values: Float64Array, k: number): number {
  const target = k - 1;
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >>> 1]!;
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left]! > pivot) left++;
      while (values[right]! < pivot) right--;
      if (left > right) break;
      [values[left], values[right]] = [values[right]!, values[left]!];
      left++;
      right--;
    }
    // Now values[low..right] >= pivot >= values[left..high], and what lies between equals it.
    if (target <= right) high = right;
    else if (target >= left) low = left;
    else break;
  }
  return values[target]!;
}
