/** Checks: each finds one thing good or bad and says what it found; none stops the others. */
import type { Check, ReportEvent } from "../events.js";
import type { Terminal } from "../terminal/terminal.js";
import { padEnd, toPlainLine, wrap } from "../terminal/text.js";

/** Runs a check; what it resolves to is the detail, what it throws is what is wrong. */
export async function check(name: string, find: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await find() };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

/** Prints the checks; true when all hold. */
export function report(checks: readonly Check[], terminal: Terminal, json: boolean): boolean {
  const event: ReportEvent = { event: "report", checks };
  if (json) terminal.event(event);
  else for (const line of checkLines(checks, terminal)) terminal.result(line);
  return checks.every(({ ok }) => ok);
}

/** A mark, a name and what was found for each. */
export function checkLines(checks: readonly Check[], terminal: Terminal): string[] {
  const { style } = terminal;
  const names = Math.max(0, ...checks.map(({ name }) => name.length)) + 2;
  return checks.flatMap(({ name, ok, detail }) =>
    wrap(toPlainLine(detail), terminal.width() - names - 3).map((text, i) => {
      const mark = i > 0 ? " " : ok ? style("✓", "green") : style("✗", "red");
      return `${mark} ${padEnd(i === 0 ? name : "", names)} ${ok ? text : style(text, "red")}`.trimEnd();
    }),
  );
}
