/** Tells a chain as a story: one short sentence per event and a question at the end. Plain ASCII. */
import { type Rng, shuffled } from "#shared/rng.js";
import type { Kind, StoryEvent } from "./chain.js";
import { BOXES, PEOPLE, PLACES, type Person, QUESTIONS, TEMPLATES, THINGS } from "./templates.js";

/** Kinds that move the story to somebody else, whose quantity it then follows. */
const SWITCHING: ReadonlySet<Kind> = new Set(["more", "fewer", "multiple"]);

/** The worded problem for `events`. */
export function narrate(events: readonly StoryEvent[], rng: Rng): string {
  const cast = shuffled(PEOPLE, rng);
  const [thing, uses] = pick(THINGS, rng);
  let hero = cast.pop()!;
  let introduced = false;
  const sentences = events.map((event) => {
    const other = cast.pop()!;
    const words = {
      ...wordsFor(hero, introduced, rng),
      o: thing,
      uses,
      F: other.name,
      ...wordsOf(event, rng),
    };
    const sentence = fill(pickFitting(event, rng), words);
    const switches = SWITCHING.has(event.kind);
    if (switches) hero = other;
    // Where "she" could be either, the next sentence says the name.
    introduced = !switches && !(other.subject === hero.subject && sentence.includes(other.name));
    return sentence;
  });
  sentences.push(fill(pick(QUESTIONS, rng), { o: thing, N: hero.name }));
  return sentences.join(" ");
}

function wordsFor(hero: Person, introduced: boolean, rng: Rng): Record<string, string> {
  const pronoun = introduced && rng.int(5) > 0;
  const subject = pronoun ? hero.subject : hero.name;
  return {
    N: hero.name,
    s: subject,
    S: subject.charAt(0).toUpperCase() + subject.slice(1),
    her: pronoun ? hero.object : hero.name,
  };
}

function wordsOf({ numbers }: StoryEvent, rng: Rng): Record<string, string> {
  const [a = 0, b = 0] = numbers;
  return {
    a: String(a),
    b: String(b),
    times: a === 2 ? "twice" : `${a} times`,
    doubles: a === 2 ? "doubles" : "triples",
    boxes: pick(BOXES, rng),
    p: pick(PLACES, rng),
  };
}

function pickFitting({ kind, numbers }: StoryEvent, rng: Rng): string {
  const fitting = TEMPLATES[kind].filter((template) => numbers[0]! <= 3 || !template.includes("{doubles}"));
  return pick(fitting, rng);
}

function fill(template: string, words: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, key: string) => words[key]!);
}

function pick<T>(items: readonly T[], rng: Rng): T {
  return items[rng.int(items.length)]!;
}
