import { describe, expect, test } from "vitest";
import { Scheduler } from "#generator/engine/scheduler.js";

const anybody = (): boolean => true;

interface Session {
  readonly name: string;
  readonly priority: number;
}

/** Rows are named by their session and a number: "a1". Sessions in capitals have a higher priority. */
function createScheduler(...names: readonly string[]) {
  const scheduler = new Scheduler<Session, { readonly session: Session; readonly name: string }>();
  const sessions = new Map<string, Session>();
  const session = (name: string): Session => {
    const found = sessions.get(name) ?? { name, priority: name < "a" ? 1 : 0 };
    sessions.set(name, found);
    return found;
  };
  const row = (name: string) => ({ session: session(name[0]!), name });
  for (const name of names) scheduler.enqueue(row(name));
  const next = (mayRun: (session: Session) => boolean = anybody): string | undefined => {
    const found = scheduler.peek(mayRun);
    if (found !== undefined) scheduler.take(found);
    return found?.name;
  };
  const order = (count: number) => Array.from({ length: count }, () => next());
  return { scheduler, session, row, next, order };
}

describe("the scheduler", () => {
  test("has nothing when nothing waits", () => {
    const { scheduler, next } = createScheduler();
    expect(next()).toBeUndefined();
    expect(scheduler.waiting).toBe(0);
  });

  test("takes turns between sessions, in order within one", () => {
    const { order } = createScheduler("a1", "a2", "a3", "b1", "c1", "b2");
    expect(order(7)).toEqual(["a1", "b1", "c1", "a2", "b2", "a3", undefined]);
  });

  test("passes over sessions that may not run, without losing their turn", () => {
    const { next, order } = createScheduler("a1", "a2", "b1", "b2");
    expect(next((session) => session.name !== "a")).toBe("b1");
    expect(order(3)).toEqual(["a1", "b2", "a2"]);
  });

  test("lets a row that stepped aside go first in its session", () => {
    const { scheduler, row, order } = createScheduler("a1", "a2", "b1");
    scheduler.enqueueFirst(row("a0"));
    expect(order(4)).toEqual(["a0", "b1", "a1", "a2"]);
  });

  test("forgets rows that are removed, and sessions without rows", () => {
    const { scheduler, session, row, order } = createScheduler();
    const rows = ["a1", "a2", "b1"].map(row);
    for (const at of rows) scheduler.enqueue(at);
    scheduler.remove(rows[0]!);
    scheduler.remove(rows[2]!);
    scheduler.remove(rows[2]!);
    expect(scheduler.waiting).toBe(1);
    expect(scheduler.othersWait(session("a"), anybody)).toBe(false);
    expect(scheduler.othersWait(session("b"), anybody)).toBe(true);
    expect(scheduler.othersWait(session("b"), ({ name }) => name !== "a")).toBe(false);
    expect(order(2)).toEqual(["a2", undefined]);
  });

  test("takes rows of a higher priority first, in turns among themselves", () => {
    const { order } = createScheduler("a1", "A1", "b1", "A2", "B1", "a2");
    expect(order(7)).toEqual(["A1", "B1", "A2", "a1", "b1", "a2", undefined]);
  });

  test("lets rows of a lower priority wait on, whatever runs above them", () => {
    const { scheduler, session } = createScheduler("a1");
    expect(scheduler.othersWait(session("A"), anybody)).toBe(false);
    expect(scheduler.othersWait(session("b"), anybody)).toBe(true);
    const { scheduler: urgent, session: of } = createScheduler("A1");
    expect(urgent.othersWait(of("a"), anybody)).toBe(true);
  });
});
