/** Paths as URIs have them: `/` between the parts, absolute where they begin with it. */
import type { Paths } from '../port.ts';

function parts(path: string): string[] {
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (part !== '..' || !path.startsWith('/')) kept.push(part);
  }
  return kept;
}

function normal(path: string): string {
  const inner = parts(path).join('/');
  return path.startsWith('/') ? `/${inner}` : inner || '.';
}

function basename(path: string, ending = ''): string {
  const name = parts(path).at(-1) ?? '';
  return ending !== '' && name !== ending && name.endsWith(ending)
    ? name.slice(0, -ending.length)
    : name;
}

/** There is no working directory: a relative path is taken from the root. */
const absolute = (path: string): string => normal(path.startsWith('/') ? path : `/${path}`);

export const paths: Paths = {
  join: (...all) => normal(all.filter((part) => part !== '').join('/')),
  dirname: (path) =>
    normal(`${path.startsWith('/') ? '/' : ''}${parts(path).slice(0, -1).join('/')}`),
  basename,
  extname(path) {
    const name = basename(path);
    const dot = name.lastIndexOf('.');
    return dot > 0 ? name.slice(dot) : '';
  },
  resolve: (...all) =>
    absolute(all.reduce((base, path) => (path.startsWith('/') ? path : `${base}/${path}`))),
  isAbsolute: (path) => path.startsWith('/'),
  relative(from, to) {
    const [a, b] = [parts(absolute(from)), parts(absolute(to))];
    let same = 0;
    while (same < a.length && same < b.length && a[same] === b[same]) same++;
    return [...a.slice(same).map(() => '..'), ...b.slice(same)].join('/');
  },
};
