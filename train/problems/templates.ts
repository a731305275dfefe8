/**
 * The words of the stories. Placeholders: {a} {b} the event's numbers in order, {o} the things (plural), {boxes} what
 * they are packed in, {p} a place, {N} who has them now, {F} somebody new, {S} {s} {her} a sentence's subject (name or
 * pronoun, capitalised or not) and its object form, {uses} how such things are used up, {times} "twice" or "5 times",
 * {doubles} "doubles" or "triples" (so a template with it fits factors 2 and 3 only).
 */
import type { Kind } from "./chain.js";

export const TEMPLATES: Readonly<Record<Kind, readonly string[]>> = {
  start: ["{N} has {a} {o}.", "{N} starts with {a} {o}.", "At the {p}, {N} has {a} {o}."],
  startPacked: [
    "{N} has {a} {boxes} of {b} {o}.",
    "{N} has {a} {boxes} with {b} {o} each.",
    "{N} packs {a} {boxes} of {b} {o}.",
  ],
  gain: [
    "{S} finds {a} more.",
    "{S} buys {a} {o} at the {p}.",
    "{F} gives {her} {a} {o}.",
    "Then {s} gets {a} more from {F}.",
  ],
  more: [
    "{F} has {a} more {o} than {N}.",
    "{F} has {a} more than {N}.",
    "{N} has {a} fewer {o} than {F} has.",
  ],
  lose: [
    "{S} gives {a} to {F}.",
    "{S} {uses} {a} of them.",
    "At the {p}, {s} loses {a} {o}.",
    "{F} takes {a} of them.",
  ],
  fewer: [
    "{F} has {a} fewer {o} than {N}.",
    "{F} has {a} fewer than {N}.",
    "{N} has {a} more {o} than {F} has.",
  ],
  grow: [
    "Soon {s} has {times} as many.",
    "{S} ends up with {times} as many {o}.",
    "Then {s} {doubles} the {o}.",
  ],
  multiple: [
    "{F} has {times} as many {o} as {N}.",
    "{F} has {times} as many as {N}.",
    "{F} owns {times} as many {o} as {N}.",
  ],
  halve: ["{S} gives half of them to {F}.", "{S} {uses} half of them.", "{S} loses half of the {o}."],
  share: [
    "{S} splits them into {a} equal {boxes} and keeps one.",
    "{S} shares them equally in a group of {a}.",
    "{S} keeps one of {a} equal shares.",
  ],
  packs: [
    "{S} buys {a} {boxes} of {b} {o}.",
    "{F} gives {her} {a} {boxes} of {b}.",
    "Then {s} finds {a} {boxes} with {b} {o} each.",
  ],
  dailyGain: [
    "{S} finds {a} each day for {b} days.",
    "Then {s} gets {a} more a day for {b} days.",
    "{S} buys {a} {o} each day for {b} days.",
  ],
  dailyLoss: [
    "{S} {uses} {a} each day for {b} days.",
    "Then {s} loses {a} a day for {b} days.",
    "{S} gives away {a} {o} each day for {b} days.",
  ],
  handOut: [
    "{S} gives {a} to each of {b} friends.",
    "Then {s} gives {a} {o} each to {b} friends.",
    "{S} sells {a} to each of {b} friends.",
  ],
};

export const QUESTIONS: readonly string[] = [
  "How many {o} does {N} have now?",
  "How many {o} does {N} have?",
  "How many {o} does {N} end up with?",
  "Find the number of {o} {N} has now.",
];

export interface Person {
  readonly name: string;
  readonly subject: "she" | "he";
  readonly object: "her" | "him";
}

const people = (names: string, subject: Person["subject"], object: Person["object"]): readonly Person[] =>
  names.split(" ").map((name) => ({ name, subject, object }));

export const PEOPLE: readonly Person[] = [
  ...people("Anna Mia Sara Emma Lena Rosa Nina Ella Maya Ida Kim Zoe", "she", "her"),
  ...people("Ben Tom Leo Max Sam Omar Ali Noah Luis Ivan Dan Raj", "he", "him"),
];

/** Things a story counts, by how they are used up. */
export const THINGS: readonly (readonly [thing: string, uses: string])[] = [
  ...["apples", "plums", "nuts", "eggs", "cakes", "pears", "rolls", "figs"].map(
    (thing) => [thing, "eats"] as const,
  ),
  ...["coins", "tickets", "tokens"].map((thing) => [thing, "spends"] as const),
  ...["cards", "stamps", "shells", "beads", "stones", "toys", "cups"].map(
    (thing) => [thing, "sells"] as const,
  ),
  ...["pens", "candles", "nails", "balloons", "stickers", "seeds"].map((thing) => [thing, "uses"] as const),
];

export const BOXES: readonly string[] = ["bags", "boxes", "packs", "jars", "baskets", "trays"];

export const PLACES: readonly string[] = [
  "park",
  "market",
  "beach",
  "school",
  "farm",
  "lake",
  "fair",
  "shop",
  "zoo",
];
