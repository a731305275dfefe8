/** A chat checkpoint as a model that continues text line by line: a template that adds nothing, and line breaks that end. */
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { z } from "zod";

const TEMPLATE = "{% for message in messages %}{{ message.content }}{% endfor %}";

const tokenizer = z.object({ model: z.object({ vocab: z.record(z.string(), z.number()) }) });
const generation = z.looseObject({ eos_token_id: z.union([z.number(), z.array(z.number())]) });

/** Weights are linked, not copied. @throws Error when `to` is there already */
export async function writePlainPolicy(from: string, to: string): Promise<void> {
  await mkdir(to);
  const rewritten = ["tokenizer_config.json", "generation_config.json"];
  for (const name of await readdir(from)) {
    if (rewritten.includes(name)) continue;
    if (extname(name) === ".json") await copyFile(join(from, name), join(to, name));
    else await symlink(resolve(from, name), join(to, name));
  }
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(from, name), "utf8")) as unknown;
  const write = (name: string, value: object): Promise<void> =>
    writeFile(join(to, name), `${JSON.stringify(value, undefined, 1)}\n`);
  await write("tokenizer_config.json", {
    ...z.looseObject({}).parse(await read("tokenizer_config.json")),
    chat_template: TEMPLATE,
  });
  const { eos_token_id: eos, ...others } = generation.parse(await read("generation_config.json"));
  const { vocab } = tokenizer.parse(await read("tokenizer.json")).model;
  await write("generation_config.json", { ...others, eos_token_id: [...[eos].flat(), ...lineBreaks(vocab)] });
}

/** Tokens of white space with a line break in it, which byte-level vocabularies write Ċ. */
function lineBreaks(vocab: Readonly<Record<string, number>>): number[] {
  return Object.entries(vocab)
    .filter(([token]) => token.includes("Ċ") && /^[ĊĠčĉ]+$/.test(token))
    .map(([, id]) => id)
    .toSorted((a, b) => a - b);
}
