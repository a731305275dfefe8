import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { checkEnvironment } from "#cli/checks/environment.js";
import { runInPlace } from "./run-in-place.js";

describe("bad input is 2, with what must hold and what was got:", () => {
  const cases: readonly (readonly [args: string, message: RegExp])[] = [
    ["solve x --strategy clever", /'clever' is invalid\. Allowed choices are auto, greedy/],
    ["solve x --strategy beam --n 6 --beam-width 4", /multiple of --beam-width, got 6 and 4: try --n 8/],
    [
      "solve x --strategy bon --beam-width 4",
      /--beam-width belongs to --strategy beam or dvts, got it with bon/,
    ],
    ["solve x --n 0", /'0' is invalid\. It must be a whole number from 1 to 256/],
    ["solve x --n NaN", /'NaN' is invalid/],
    ["solve x --budget -5", /'-5' is invalid\. It must be a positive whole number/],
    ["solve x --budget NaN", /'NaN' is invalid/],
    ["solve x --timeout soon", /'soon' is invalid\. It must be a time/],
    ["solve x --vote best", /'best' is invalid/],
    ["solve x --vote min --aggregate last", /must name the same aggregation, got min and last/],
    ["solve x --verifier oracle", /Allowed choices are prm, swift, rank, scaled, none/],
    ["solve x --temperature -1", /a number from 0 to 10/],
    ["solve x --target nowhere", /HOST:PORT/],
    ["solve x --target a:1 --policy p", /leave out one or the other/],
    [
      "solve x --policy /nowhere",
      /--policy must be a Hugging Face model directory or a \.gguf file; \/nowhere does not exist/,
    ],
    ["solve x --frobnicate", /unknown option '--frobnicate'/],
    ["solve x y", /too many arguments/],
    ["solve", /missing required argument 'problem'/],
    ["solve -", /must not be empty, got nothing from standard input/],
    ["frobnicate", /unknown command 'frobnicate'/],
    ["generate x --max-tokens 0", /positive whole number/],
    [
      "score --problem x --solution /nowhere",
      /--solution must be a file that can be read, got \/nowhere \(ENOENT\)/,
    ],
    ["score --problem x", /required option '--solution <file>' not specified/],
    ["problems --level 7", /from 1 to 6/],
    ["up --verifier-port 99999", /a whole number from 0 to 65535/],
  ];
  test.each(cases)("%s", async (args, message) => {
    const { status, stdout, stderr } = await runInPlace(args.split(" "));
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });
});

describe("--help", () => {
  const commands = [
    [],
    ["solve"],
    ["generate"],
    ["up"],
    ["plan"],
    ["score"],
    ["problems"],
    ["train"],
    ["train", "policy"],
    ["train", "swift"],
    ["models"],
    ["models", "list"],
    ["models", "check"],
    ["doctor"],
    ["config"],
    ["config", "check"],
  ];
  test.each(commands)("of deliberate %s %s shows examples and --json", async (...command) => {
    const { status, stdout } = await runInPlace([...command, "--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain("Examples:");
    expect(stdout).toContain(`$ npx deliberate ${command.join(" ")}`.trimEnd());
    const hasSubcommands = command.length === 0 || ["models", "config", "train"].includes(command.join(" "));
    if (!hasSubcommands) expect(stdout).toContain("--json");
    for (const line of stdout.split("Examples:")[0]!.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe("problems", () => {
  test("are the same for the same seed, and of the levels asked for", async () => {
    const args = ["problems", "--level", "2,5", "--count", "4", "--seed", "7"];
    const { status, stdout } = await runInPlace(args);
    expect(status).toBe(0);
    const problems = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(problems.map(({ level }) => level)).toEqual([2, 5, 2, 5]);
    expect(new Set(problems.map(({ id }) => id)).size).toBe(4);
    for (const problem of problems) {
      expect(Object.keys(problem)).toEqual(["id", "problem", "answer", "level"]);
      expect(problem["answer"]).toMatch(/^-?\d+$/);
    }
    expect((await runInPlace([...args, "--json"])).stdout).toBe(stdout);
    expect((await runInPlace([...args.slice(0, -1), "8"])).stdout).not.toBe(stdout);
  });
});

test("--version is the package's", async () => {
  const { status, stdout } = await runInPlace(["--version"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("no command at all shows the help and is bad input", async () => {
  const { status, stderr } = await runInPlace([]);
  expect(status).toBe(2);
  expect(stderr).toContain("Usage: deliberate");
});

test("settings of the services are read as they read them", async () => {
  const env = { GENERATOR_PORT: "70000", VERIFIER_PRM: "/models/prm", GENERATOR_CACHE_DIR: "/proc/nowhere" };
  const [generator, verifier, cache] = await checkEnvironment(env);
  expect(generator).toMatchObject({ ok: false, detail: expect.stringContaining("GENERATOR_PORT must be") });
  expect(verifier).toMatchObject({ ok: true, detail: expect.stringContaining("prm /models/prm") });
  expect(cache?.ok).toBe(false);
  expect((await checkEnvironment({ GENERATOR_CACHE_DIR: tmpdir() })).every(({ ok }) => ok)).toBe(true);
});
