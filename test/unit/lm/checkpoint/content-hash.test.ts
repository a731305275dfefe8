import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hashContent } from "#shared/lm/checkpoint/content-hash.js";
import { beforeAll, describe, expect, test } from "vitest";
import { temporaryDirectory } from "../../../fakes/temporary-directory.js";

const root = await temporaryDirectory();
const [file, fresh, moved] = ["weights", "fresh", "moved"].map((name) => join(root, name)) as [
  string,
  string,
  string,
];
const memoDir = join(root, "hashes");
writeFileSync(file, "abc");
writeFileSync(moved, "abc");

/** What the memo says instead of the truth, to see whether it is believed. */
const LIE = "0".repeat(64);
function tamper(): void {
  for (const name of readdirSync(memoDir)) {
    const path = join(memoDir, name);
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), hash: LIE }));
  }
}

/** Oracle: printf '4\\ntext3\\nabc' | sha256sum */
const EXPECTED = "2c879a74f984b946b7d885bc4292ef1221d6ee852b577b24328a5d3729bbae7c";

describe("a hash", () => {
  let truth: string;
  beforeAll(async () => {
    truth = await hashContent("text", [file]);
    // The times of files must be this old before a memo is kept.
    await sleep(2100);
  });

  test("follows text, content and order of the files", async () => {
    writeFileSync(fresh, "xyz");
    const all = [
      truth,
      await hashContent("", [file]),
      await hashContent("text", [fresh]),
      await hashContent("text", [file, fresh]),
      await hashContent("text", [fresh, file]),
    ];
    expect(new Set(all).size).toBe(5);
    expect(truth).toBe(EXPECTED);
  });

  test("of a file that was changed just now is not remembered", async () => {
    writeFileSync(fresh, "changed");
    // However slow this machine is.
    const later = new Date(Date.now() + 3_600_000);
    utimesSync(fresh, later, later);
    await hashContent("text", [fresh], { memoDir });
    expect(readdirSync(memoDir)).toEqual([]);
  });

  test("of a file that was changed just before is not remembered, however long the reading takes", async () => {
    writeFileSync(fresh, "changed again");
    // Ends when a writer comes and goes.
    const slow = join(root, "slow");
    execFileSync("mkfifo", [slow]);
    const hashing = hashContent("text", [fresh, slow], { memoDir });
    await sleep(2300);
    writeFileSync(slow, "");
    await hashing;
    expect(readdirSync(memoDir)).toEqual([]);
  });

  test("of a file that has not changed is remembered, and only of that", async () => {
    expect(await hashContent("text", [file], { memoDir })).toBe(truth);
    expect(readdirSync(memoDir)).toHaveLength(1);
    tamper();
    expect(await hashContent("text", [file], { memoDir })).toBe(LIE);
    expect(await hashContent("other text", [file], { memoDir })).not.toBe(LIE);
    expect(await hashContent("text", [moved], { memoDir })).toBe(truth);
  });

  test("is computed again when the file is another one of the same size and age", async () => {
    await hashContent("text", [file], { memoDir });
    tamper();
    writeFileSync(fresh, "abd");
    const longAgo = new Date(2020, 1, 1);
    utimesSync(fresh, longAgo, longAgo);
    renameSync(fresh, file);
    const got = await hashContent("text", [file], { memoDir });
    expect([LIE, truth]).not.toContain(got);
  });

  test("does without a memo that is damaged or cannot be kept", async () => {
    for (const name of readdirSync(memoDir)) writeFileSync(join(memoDir, name), '{"state":');
    expect(await hashContent("text", [moved], { memoDir })).toBe(truth);
    const blocked = join(root, "blocked");
    writeFileSync(blocked, "");
    expect(await hashContent("text", [moved], { memoDir: join(blocked, "hashes") })).toBe(truth);
    const locked = join(root, "locked");
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    expect(await hashContent("text", [moved], { memoDir: join(locked, "hashes") })).toBe(truth);
  });

  test("stops when aborted", async () => {
    await expect(hashContent("", [moved], { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});
