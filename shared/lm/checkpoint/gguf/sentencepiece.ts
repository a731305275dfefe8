/** SentencePiece's BPE has a score for each piece and no merges; a tokenizer.json has merges in the order of preference. */

/**
 * The merges that act as the scores do (as transformers derives them): every way to put a piece together from two
 * others, the piece with the higher score first; equal ones in the order of the vocabulary.
 * @param isMerged pieces that may come about by merging: not control tokens, bytes or the user's own
 */
export function mergesOfScores(
  tokens: readonly string[],
  scores: Float64Array,
  isMerged: (id: number) => boolean,
): [left: string, right: string][] {
  const ids = new Map(tokens.map((text, id) => [text, id]));
  const merged = Array.from(tokens.keys())
    .filter((id) => isMerged(id) && tokens[id]!.length > 1)
    .sort((a, b) => scores[b]! - scores[a]! || a - b);
  return merged.flatMap((id) => splits(tokens[id]!, ids));
}

function splits(piece: string, ids: ReadonlyMap<string, number>): [left: string, right: string][] {
  const found: { left: string; right: string; leftId: number; rightId: number }[] = [];
  for (let at = 1; at < piece.length; at++) {
    const [left, right] = [piece.slice(0, at), piece.slice(at)];
    const [leftId, rightId] = [ids.get(left), ids.get(right)];
    if (leftId !== undefined && rightId !== undefined) found.push({ left, right, leftId, rightId });
  }
  return found
    .sort((a, b) => a.leftId - b.leftId || a.rightId - b.rightId)
    .map(({ left, right }) => [left, right]);
}
