/**
 * Which layers a recipe's globs speak of. A glob names a layer by its name or by its path, which alone
 * tells layers of one name in different bodies apart; a glob that names none is a mistake.
 */
import { DeepCompressionError } from '../model/errors.ts';
import type { Tensor } from '../model/model.ts';

type Named = Pick<Tensor, 'name' | 'path'>;

/** Names that an error proposes. */
const proposals = 3;

/** Whether `glob` matches all of the layer's name, or all of its path. */
export function matchesLayer({ name, path }: Named, glob: string): boolean {
  return matchesGlob(name, glob) || matchesGlob(path, glob);
}

/** Whether `glob` (* any characters, ? one) matches all of `name`. Linear but for one backtrack. */
export function matchesGlob(name: string, glob: string): boolean {
  let n = 0;
  let g = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    if (glob[g] === '*') {
      star = g++;
      resume = n;
    } else if (g < glob.length && (glob[g] === '?' || glob[g] === name[n])) {
      g++;
      n++;
    } else if (star >= 0) {
      g = star + 1;
      n = ++resume;
    } else return false;
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
}

/** @throws DeepCompressionError `invalid-recipe` when a glob matches no layer; it lists the nearest names */
export function checkGlobs(globs: readonly string[], layers: readonly Named[]): void {
  for (const glob of globs) {
    if (layers.some((layer) => matchesLayer(layer, glob))) continue;
    const near = nearestNames(glob, layers).map((name) => JSON.stringify(name.slice(0, 80)));
    throw new DeepCompressionError(
      'invalid-recipe',
      `invalid recipe: no layer is named ${JSON.stringify(glob.slice(0, 80))}${near.length > 0 ? `; nearest are ${near.join(', ')}` : ''}`,
    );
  }
}

/** The names with the fewest edits from `glob`; of equals, those that come first. */
function nearestNames(glob: string, layers: readonly Named[]): string[] {
  const wanted = glob.replaceAll('*', '').toLowerCase().slice(0, 128);
  return [...new Set(layers.map(({ name }) => name))]
    .map((name) => ({ name, edits: edits(wanted, name.toLowerCase().slice(0, 128)) }))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, proposals)
    .map(({ name }) => name);
}

/** Levenshtein's distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, replaced));
    }
    row = next;
  }
  return row[b.length];
}
