/** Colours by name; plain text when they are off. */

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  cyan: [36, 39],
} as const;

export type StyleName = keyof typeof CODES;

/** Wraps text in the named styles. */
export type Style = (text: string, ...names: readonly StyleName[]) => string;

export function createStyle(enabled: boolean): Style {
  if (!enabled) return (text) => text;
  return (text, ...names) =>
    names.reduce((styled, name) => `\u001B[${CODES[name][0]}m${styled}\u001B[${CODES[name][1]}m`, text);
}
