/** Who has waited longest, priority by priority. */
export class Turns<T extends { readonly priority: number }> {
  /** Who had a turn goes to the end. */
  readonly #order = new Set<T>();

  add(one: T): void {
    this.#order.add(one);
  }

  delete(one: T): void {
    this.#order.delete(one);
  }

  /** Of those that may have it and have the highest priority, the first. */
  next(may: (one: T) => boolean): T | undefined {
    let first: T | undefined;
    for (const one of this.#order) {
      const comesFirst = first === undefined || one.priority > first.priority;
      if (comesFirst && may(one)) first = one;
    }
    return first;
  }

  /** It had its turn; the others come before its next. */
  moveBack(one: T): void {
    if (this.#order.delete(one)) this.#order.add(one);
  }
}
