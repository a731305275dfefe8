/** Where to label a logarithmic axis. */

/** Steps of a decade, coarse to fine. */
const STEPS = [
  [1, 2, 5],
  [1, 2, 3, 4, 5, 6, 7, 8, 9],
  Array.from({ length: 18 }, (_, i) => 1 + i / 2),
  Array.from({ length: 45 }, (_, i) => 1 + i / 5),
];

/** 1, 2 and 5 of each decade; finer where those are few, only powers of ten or of a thousand where they are many. */
export function logTicks(low: number, high: number, most: number): number[] {
  const decades: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) decades.push(power);
  const ticks = (steps: readonly number[]): number[] =>
    decades
      .flatMap((power) => steps.map((step) => Number(`${step}e${power}`)))
      .filter((each) => each >= low && each <= high);
  const found = STEPS.map(ticks).find(({ length }) => length >= 3) ?? ticks(STEPS.at(-1)!);
  if (found.length <= most) return found;
  const tens = ticks([1]);
  return tens.length <= most ? tens : tens.filter((_, i) => i % 3 === 0);
}
