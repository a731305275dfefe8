/** The command that a report came from, to be run again. */

type FlagValue = string | number | boolean | readonly (string | number)[] | undefined;

/** `silent`: flags that change no number. */
export function commandLine(command: string, flags: object, silent: readonly string[]): string {
  const words = Object.entries(flags as Readonly<Record<string, FlagValue>>).flatMap(([name, value]) =>
    name === "json" || silent.includes(name) || value === undefined
      ? []
      : [
          `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
          Array.isArray(value) ? value.join(",") || "none" : String(value),
        ],
  );
  return [`npx deliberate ${command}`, ...words].join(" ");
}
