/** The files that a glob names: `*` and `?` within a name, `**` for folders of any depth. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { matchesGlob } from '../compress/layer-globs.ts';
import { DeepCompressionError } from '../model/errors.ts';

export interface FoundFile {
  readonly path: string;
  /** Below the folder that the glob begins with; of a file that is named, its own name. */
  readonly name: string;
}

/** In the order of their names. @throws DeepCompressionError `not-found` when there is none */
export function filesOfGlob(glob: string): FoundFile[] {
  const parts = glob.replaceAll('\\', '/').split('/');
  const wild = parts.findIndex((part) => /[*?]/.test(part));
  const fixed = parts.slice(0, wild < 0 ? -1 : wild).join('/');
  const root = fixed === '' && glob.startsWith('/') ? '/' : fixed;
  const rest = wild < 0 ? parts.slice(-1) : parts.slice(wild);
  const found = [...below(root, '', rest)].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (found.length > 0) return found.filter(({ name }, i) => name !== found[i - 1]?.name);
  throw new DeepCompressionError('not-found', `${glob}: no such file`);
}

function* below(root: string, name: string, parts: readonly string[]): Generator<FoundFile> {
  const [part, ...rest] = parts;
  const folder = join(root === '' ? '.' : root, name);
  const own = (entry: string): string => (name === '' ? entry : `${name}/${entry}`);
  if (part === '**' && rest.length > 0) yield* below(root, name, rest);
  for (const entry of entries(folder)) {
    // what is hidden is never meant by a glob; links to folders could lead round in circles
    if (entry.name.startsWith('.') && /[*?]/.test(part)) continue;
    if (part === '**' && rest.length > 0) {
      if (entry.isDirectory()) yield* below(root, own(entry.name), parts);
    } else if (matchesGlob(entry.name, part)) {
      const path = root === '' ? own(entry.name) : join(root, own(entry.name));
      if (rest.length > 0) {
        if (entry.isDirectory()) yield* below(root, own(entry.name), rest);
      } else if (statSync(path, { throwIfNoEntry: false })?.isFile())
        yield { path, name: own(entry.name) };
    }
  }
}

function entries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
