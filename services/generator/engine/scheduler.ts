/**
 * Who runs next: rows that wait, by session, and a turn that goes round the sessions so that none of them waits for all
 * of another's rows. Sessions of a higher priority come before all others. Knows no tensor, token or time.
 */

export class Scheduler<
  Session extends { readonly priority: number },
  Row extends { readonly session: Session },
> {
  /** In the order in which the sessions' turns come. */
  readonly #queues = new Map<Session, Row[]>();
  #waiting = 0;

  get waiting(): number {
    return this.#waiting;
  }

  enqueue(row: Row): void {
    this.#queue(row.session).push(row);
    this.#waiting++;
  }

  /** A row that ran and stepped aside goes on before its session's other rows, so that paths end early. */
  enqueueFirst(row: Row): void {
    this.#queue(row.session).unshift(row);
    this.#waiting++;
  }

  remove(row: Row): void {
    const queue = this.#queues.get(row.session);
    const at = queue?.indexOf(row) ?? -1;
    if (queue === undefined || at < 0) return;
    queue.splice(at, 1);
    this.#waiting--;
    if (queue.length === 0) this.#queues.delete(row.session);
  }

  /** Whether another session, of this one's priority or a higher, has a row that may run. */
  othersWait(session: Session, mayRun: (session: Session) => boolean): boolean {
    for (const other of this.#queues.keys())
      if (other !== session && other.priority >= session.priority && mayRun(other)) return true;
    return false;
  }

  /** The row whose turn it is among the sessions that may run, without taking it. */
  peek(mayRun: (session: Session) => boolean): Row | undefined {
    let first: Session | undefined;
    for (const session of this.#queues.keys())
      if ((first === undefined || session.priority > first.priority) && mayRun(session)) first = session;
    return first === undefined ? undefined : this.#queues.get(first)?.[0];
  }

  /** Takes a peeked row; its session's next row waits until the others had their turn. */
  take(row: Row): void {
    const queue = this.#queues.get(row.session) ?? [];
    this.remove(row);
    if (queue.length === 0) return;
    this.#queues.delete(row.session);
    this.#queues.set(row.session, queue);
  }

  #queue(session: Session): Row[] {
    const queue = this.#queues.get(session) ?? [];
    this.#queues.set(session, queue);
    return queue;
  }
}
