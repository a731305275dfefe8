/** The texts that precisions are compared on: question and worked answer of two public test sets, as plain text. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ServiceError } from "#shared/errors.js";
import { packageRoot } from "#shared/rpc/package-root.js";
import { createRng, shuffled } from "#shared/rng.js";

/** The fields of a line that are read: of GSM8K question and answer, of AQuA-RAT question, options and rationale. */
interface Row {
  readonly question: string;
  readonly answer: string;
  readonly options: readonly string[];
  readonly rationale: string;
}

export interface TextSource {
  readonly name: string;
  /** A JSONL file, relative to the package. */
  readonly path: string;
  /** Share of the documents asked for that come from here. */
  readonly share: number;
  toText(row: Row): string;
}

export interface Document {
  readonly source: string;
  readonly text: string;
}

/** What a policy writes, mostly (GSM8K), and the same subject by other hands and in another layout (AQuA-RAT). */
export const TEXT_SOURCES: readonly TextSource[] = [
  {
    name: "GSM8K test",
    path: "../shared/data/gsm8k/test.jsonl",
    share: 0.75,
    // <<48/2=24>> is for a calculator, not part of the prose.
    toText: ({ question, answer }) => `${question}\n\n${answer.replaceAll(/<<[^>]*>>/g, "")}`,
  },
  {
    name: "AQuA-RAT dev",
    path: "../shared/data/aqua/dev.json",
    share: 0.25,
    toText: ({ question, options, rationale }) => `${question}\n${options.join("\n")}\n\n${rationale}`,
  },
];

/**
 * A seeded sample of `limit` documents, drawn from the sources by their shares (at least one of each).
 * @throws ServiceError `not_found` when a file is missing
 */
export async function sampleDocuments(
  sources: readonly TextSource[],
  limit: number,
  seed: number,
): Promise<Document[]> {
  const samples = sources.map(async ({ name, path, share, toText }) => {
    const lines = (await readText(path)).split("\n").filter((line) => line !== "");
    const count = Math.max(1, Math.round(share * limit));
    return shuffled(lines, createRng(seed, "documents", name))
      .slice(0, count)
      .map((line) => ({ source: name, text: toText(JSON.parse(line) as Row) }));
  });
  return (await Promise.all(samples)).flat();
}

async function readText(path: string): Promise<string> {
  const absolute = join(packageRoot, path);
  return readFile(absolute, "utf8").catch((cause: unknown) => {
    const message = `${absolute} must hold the texts to measure on, and cannot be read: put the data set there`;
    throw new ServiceError("not_found", message, {}, { cause });
  });
}
