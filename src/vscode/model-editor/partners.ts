/**
 * Which models of a workspace a model is likely to be compared with: a .dcz with what it was made of,
 * a model with its compressed and restored forms. By names alone; pure.
 */
import { kindOfName, withoutEnding } from '../endings.ts';

/** What stands between a model's name and what was done to it. */
const joint = /^[-._ ]/;

export interface Partner {
  /** As given. */
  readonly path: string;
  readonly likely: boolean;
}

/** @param paths with `/`; the model itself is left out. The likely ones first, else in their order. */
export function partnersOf(model: string, paths: readonly string[]): readonly Partner[] {
  const ranked = paths
    .filter((path) => path !== model)
    .map((path) => ({ path, rank: rankOf(model, path) }));
  ranked.sort((a, b) => b.rank - a.rank);
  return ranked.map(({ path, rank }) => ({ path, likely: rank > 0 }));
}

function rankOf(model: string, path: string): number {
  const [a, b] = [model, path].map((p) => {
    const at = p.lastIndexOf('/');
    const name = p.slice(at + 1);
    return {
      folder: p.slice(0, at),
      stem: withoutEnding(name).toLowerCase(),
      kind: kindOfName(name) ?? '',
    };
  }) as [Place, Place];
  const near = a.folder === b.folder ? 4 : 0;
  const unlike = a.kind === b.kind ? 0 : 1;
  if (a.stem === b.stem) return near + 2 + unlike;
  const [short, long] = a.stem.length < b.stem.length ? [a.stem, b.stem] : [b.stem, a.stem];
  const grown = short !== '' && long.startsWith(short) && joint.test(long.slice(short.length));
  return grown ? near + unlike + 1 : 0;
}

interface Place {
  readonly folder: string;
  readonly stem: string;
  readonly kind: string;
}
