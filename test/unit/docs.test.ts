import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { createProgram } from "#cli/program.js";
import { createProgress } from "#cli/terminal/progress.js";
import { createTerminal } from "#cli/terminal/terminal.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const PAGES = ["README.md", "ARCHITECTURE.md", "models/README.md"];

/** Inline code; blocks between fences are command lines and pictures. */
function inlineCode(page: string): string[] {
  const prose = page.replaceAll(/^```.*?^```/gms, "");
  return [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
}

/** `dir/`, `dir/file` or a Markdown page, from the root; not ~/x, ../x, npm scopes or anything with a space. */
function isPath(code: string): boolean {
  return /^\.?[a-z][\w.-]*\/[\w./-]*$/i.test(code) || /^[A-Z]+\.md$/.test(code);
}

describe.each(PAGES)("%s", (path) => {
  const page = read(path);

  test("names no path that is not there", () => {
    const paths = inlineCode(page).filter(isPath);
    expect(paths.filter((named) => !existsSync(join(root, named)))).toEqual([]);
  });

  test("names each symbol in the file where it says it is", () => {
    // `Class.method` (`path/to/file.ts`); both names must stand there as words.
    const pairs = [...page.matchAll(/`([\w.]+)`\s+\(`([\w./-]+\.ts)`\)/g)];
    const missing = pairs.filter(([, symbol, file]) =>
      symbol!.split(".").some((word) => !new RegExp(`\\b${word}\\b`).test(read(file!))),
    );
    expect(missing.map(([text]) => text)).toEqual([]);
  });

  test("names no script that package.json does not have", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = [...page.matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1]!);
    expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
  });

  test("names no command that the program does not have", () => {
    const known = commandNames(program());
    const named = [...page.matchAll(/npx deliberate ([a-z][a-z-]*)(?: ([a-z]+))?/g)];
    const unknown = named.filter(
      ([, first, second]) => !known.has(first!) && !known.has(`${first} ${second}`),
    );
    expect(unknown.map(([text]) => text)).toEqual([]);
  });

  test("names no flag that its command does not have", () => {
    const all = program();
    const lines = [...page.matchAll(/npx deliberate ([a-z]+)\b(?: ([a-z][a-z-]*))?([^\n]*)/g)];
    const unknown = lines.flatMap(([, first, second, rest]) => {
      const command = all.commands.find((each) => each.name() === first);
      const inner = command?.commands.find((each) => each.name() === second);
      const flags = [...rest!.replace(/ # .*/, "").matchAll(/ (--[a-z-]+)/g)].map((match) => match[1]!);
      const known = new Set((inner ?? command)?.options.map((option) => option.long));
      return flags.filter((flag) => !known.has(flag)).map((flag) => `${first} ${flag}`);
    });
    expect(unknown).toEqual([]);
  });
});

describe("README.md's settings", () => {
  const listening = settingsIn("shared/config/listening.ts", /\$\{prefix\}(_[A-Z_]+)/g);
  const own = ["services/generator/config.ts", "services/verifier/config.ts"].flatMap((path) =>
    settingsIn(path, /"((?:GENERATOR|VERIFIER)_[A-Z_]+)"/g),
  );
  const table = read("README.md")
    .split("\n")
    .filter((line) => /^\| `(?:GENERATOR|VERIFIER)?_/.test(line))
    .flatMap((line) => [...line.split("|")[1]!.matchAll(/`([A-Z_]+)`/g)].map((match) => match[1]!));

  test("are all that the services read", () => {
    expect([...new Set([...listening, ...own])].filter((name) => !table.includes(name))).toEqual([]);
  });

  test("are all read by a service", () => {
    expect(table.filter((name) => !listening.includes(name) && !own.includes(name))).toEqual([]);
  });
});

function settingsIn(path: string, pattern: RegExp): string[] {
  return [...read(path).matchAll(pattern)].map((match) => match[1]!);
}

function program(): Command {
  const terminal = createTerminal({ write: () => {} }, { write: () => {} }, {});
  return createProgram({
    terminal,
    progress: createProgress(terminal, () => 0),
    stdin: Readable.from([]),
    signal: new AbortController().signal,
    clock: () => 0,
    setExitStatus: () => {},
  });
}

/** `solve`, `models list` for a command of a group, and a group's own name where it does something by itself. */
function commandNames({ commands }: Command): Set<string> {
  return new Set(
    commands.flatMap((command) => {
      const inner = command.commands.map((each) => `${command.name()} ${each.name()}`);
      return inner.length === 0 || command.options.length > 0 ? [command.name(), ...inner] : inner;
    }),
  );
}
