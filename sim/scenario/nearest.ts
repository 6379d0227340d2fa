/** What to suggest for a word that nobody knows. */
import { distance } from 'fastest-levenshtein';

/** `did you mean …?` where one is near, else the known words. */
export function nearestRemedy(word: string, known: readonly string[]): string {
  const best = [...known].sort(
    (a, b) => distance(word, a) - distance(word, b) || (a < b ? -1 : a > b ? 1 : 0),
  )[0];
  if (best === undefined) return 'remove it';
  if (distance(word, best) <= Math.max(2, Math.floor(word.length / 2))) {
    return `did you mean ${JSON.stringify(best)}?`;
  }
  return `known here: ${known.join(', ')}`;
}
