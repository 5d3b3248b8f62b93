/** Third-party notices: the licence of every package of which something is in the bundles. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** node_modules/a/node_modules/@b/c/x.js -> node_modules/a/node_modules/@b/c */
const packageOf = (path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];

/**
 * @param {readonly string[]} inputs paths of bundled files, as in esbuild's metafile
 * @returns {string} the notices, a package after the other by name
 */
export function thirdPartyNotices(inputs) {
  const folders = [...new Set(inputs.map(packageOf).filter((p) => p && existsSync(p)))];
  const entries = folders.map((folder) => {
    const { name, version, license, author } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    const texts = readdirSync(folder)
      .filter((f) => /^(licen[cs]e|notice|copying)/i.test(f))
      .sort()
      .map((f) => readFileSync(join(folder, f), 'utf8').trim());
    if (!texts.length && !license) throw new Error(`${name} is bundled but says no licence`);
    const who = typeof author === 'string' ? author : author?.name;
    const text = texts.length
      ? texts.join('\n\n')
      : `(The package has no licence file; it declares ${license}${who ? `, by ${who}` : ''}.)`;
    return { key: `${name}@${version}`, text: `${name} ${version} (${license})\n\n${text}\n` };
  });
  entries.sort((a, b) => (a.key < b.key ? -1 : 1));
  const unique = entries.filter((e, i) => e.key !== entries[i - 1]?.key);
  const line = `\n${'-'.repeat(80)}\n\n`;
  return [
    'Deep Compression contains parts of these packages.\n',
    ...unique.map((e) => e.text),
  ].join(line);
}
