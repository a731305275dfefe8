import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** From which rooms a room may import; a room may always import from itself. First match wins. */
const ARROWS: readonly (readonly [room: string, allowed: readonly string[]])[] = [
  ["shared/lm/checkpoint", ["shared/errors", "shared/half", "shared/lm/types"]],
  ["shared/lm/graph", ["shared/errors", "shared/lm/checkpoint", "shared/lm/types"]],
  ["shared", ["shared"]],
  ["services/generator", ["shared"]],
  [
    "services/verifier/search",
    [
      "shared/errors",
      "shared/rng",
      "services/verifier/ports",
      "services/verifier/answer",
      "services/verifier/plan",
    ],
  ],
  ["services/verifier/answer", ["shared/errors"]],
  [
    "services/verifier/plan",
    ["shared", "services/verifier/ports", "services/verifier/search", "services/verifier/answer"],
  ],
  ["services/verifier", ["shared"]],
  ["train", ["shared", "services"]],
  // The demo and the reports grade answers by the verifier's own rules; `config check` reads settings as the services do,
  // and `models check` tells reward models apart as the verifier does.
  [
    "cli",
    [
      "shared",
      "train",
      "services/verifier/answer",
      "services/verifier/config",
      "services/generator/config",
      "services/verifier/score/prm/adapters/recognise",
    ],
  ],
  ["bench", ["shared", "services", "train", "cli"]],
];

/** Packages that only one room may import. */
const PACKAGES: Readonly<Record<string, string>> = {
  "onnxruntime-node": "shared/lm/runtime",
  "@grpc/grpc-js": "shared/rpc",
  "@grpc/proto-loader": "shared/rpc",
  "@huggingface/jinja": "shared/lm/checkpoint",
  "@opentelemetry": "shared/telemetry",
  commander: "cli",
  "@observablehq/plot": "train/strategies/report",
  linkedom: "train/strategies/report",
};

const ALIASES: Readonly<Record<string, string>> = {
  "#shared/": "shared/",
  "#generator/": "services/generator/",
  "#verifier/": "services/verifier/",
  "#train/": "train/",
  "#cli/": "cli/",
};

function sources(): string[] {
  return ["shared", "services", "cli", "train", "bench"]
    .flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: "utf8" }).map((file) => `${room}/${file}`),
    )
    .filter((file) => file.endsWith(".ts") && !file.includes("/gen/") && !file.includes("/node_modules/"));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const pattern = /^\s*(?:import|export)\b[^"';]*?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2]!);
}

/** The path a specifier means, or undefined for a package. */
function resolve(file: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return normalize(join(dirname(file), specifier));
  const alias = Object.keys(ALIASES).find((prefix) => specifier.startsWith(prefix));
  return alias === undefined ? undefined : specifier.replace(alias, ALIASES[alias]!);
}

const inside = (path: string, room: string): boolean =>
  path === room || path.startsWith(`${room}/`) || path.startsWith(`${room}.`);

test("imports follow the arrows", () => {
  const wrong: string[] = [];
  for (const file of sources()) {
    const [room, allowed] = ARROWS.find(([candidate]) => inside(file, candidate))!;
    for (const specifier of importsOf(file)) {
      const target = resolve(file, specifier);
      if (target !== undefined) {
        if (![room, ...allowed].some((each) => inside(target, each)))
          wrong.push(`${file} imports ${specifier}`);
        continue;
      }
      const owner = Object.entries(PACKAGES).find(
        ([name]) => specifier === name || specifier.startsWith(`${name}/`),
      );
      if (owner !== undefined && !inside(file, owner[1])) wrong.push(`${file} imports ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("what is measured is wired beside the service, and the domain does not know", () => {
  const importers = sources().filter((file) =>
    importsOf(file).some((specifier) => resolve(file, specifier)?.startsWith("shared/telemetry/")),
  );
  const allowed = [/^services\/[a-z]+\/(service|metrics)\.ts$/, /^shared\/(telemetry|config)\//];
  expect(importers.filter((file) => !allowed.some((pattern) => pattern.test(file)))).toEqual([]);
});

test("the environment is read in config alone", () => {
  const readers = sources().filter((file) => /process\.env\b/.test(readFileSync(join(root, file), "utf8")));
  const allowed = [/\/config\.ts$/, /\/main\.ts$/, /^shared\/config\//, /^cli\//];
  expect(readers.filter((file) => !allowed.some((pattern) => pattern.test(file)))).toEqual([]);
});
