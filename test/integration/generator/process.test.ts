import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const main = fileURLToPath(new URL("../../../dist/services/generator/main.js", import.meta.url));

describe("the process that cannot serve", () => {
  test.each([
    ["without a policy", {}, /^generator: GENERATOR_POLICY must be set[^\n]*\n$/],
    [
      "with a policy that is not there",
      { GENERATOR_POLICY: "/nowhere" },
      /^generator: [^\n]*\/nowhere[^\n]*\n$/,
    ],
    [
      "with a malformed setting",
      { GENERATOR_POLICY: "/x", GENERATOR_PORT: "-1" },
      /^generator: GENERATOR_PORT [^\n]*\n$/,
    ],
  ])("%s says why in one line and exits with 2", (_title, env, line) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main], {
      env: { PATH: process.env["PATH"], ...env },
      encoding: "utf8",
    });
    expect(stderr).toMatch(line);
    expect(status).toBe(2);
    expect(stdout).toBe("");
  });
});
