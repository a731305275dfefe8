/** Which points are worth their cost. */

export interface Priced {
  readonly cost: number;
  readonly accuracy: number;
}

/**
 * The points that no other is cheaper than and at least as accurate, or as cheap as and more accurate; ascending in
 * both. Of equal points the first is kept.
 */
export function paretoFront<T extends Priced>(points: readonly T[]): T[] {
  const front: T[] = [];
  for (const point of points.toSorted((a, b) => a.cost - b.cost || b.accuracy - a.accuracy)) {
    if (front.length === 0 || point.accuracy > front.at(-1)!.accuracy) front.push(point);
  }
  return front;
}
