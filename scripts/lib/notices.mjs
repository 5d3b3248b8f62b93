/** Third-party notices: the licence of every package of which something is in the bundles. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const read = (path) => readFileSync(path, 'utf8').trim().replaceAll('\r\n', '\n');

/** node_modules/a/node_modules/@b/c/x.js -> node_modules/a/node_modules/@b/c */
const packageOf = (path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];

/** Standard texts, for packages that declare a licence but bring no copy of it. */
const standard = {
  MIT: (who) => read('LICENSE').replace(/^Copyright.*$/m, `Copyright (c) ${who}`),
  'Apache-2.0': () => read('node_modules/typescript/LICENSE.txt'),
};

/** Copyright comments at the head of a package's bundled sources. */
function headersOf(folder, inputs) {
  const comments = inputs
    .filter((path) => packageOf(path) === folder)
    .map((path) => /^\s*(?:(?:\/\/.*\n)+|\/\*[^]*?\*\/)/.exec(read(path))?.[0] ?? '')
    .filter((comment) => /copyright/i.test(comment))
    .map((comment) => comment.replace(/^\s*(\/\/|\/?\*+\/?) ?/gm, '').trim());
  return [...new Set(comments)];
}

/**
 * @param {readonly string[]} inputs paths of bundled files, as in esbuild's metafile
 * @returns {string} the notices, a package after the other by name
 */
export function thirdPartyNotices(inputs) {
  const folders = [...new Set(inputs.map(packageOf).filter((p) => p && existsSync(p)))];
  const entries = folders.map((folder) => {
    const { name, version, license, author } = JSON.parse(read(join(folder, 'package.json')));
    const texts = readdirSync(folder)
      .filter((f) => /^(licen[cs]e|notice|copying)/i.test(f))
      .sort()
      .map((f) => read(join(folder, f)));
    if (!texts.length && license) {
      const who = (typeof author === 'string' ? author : author?.name) ?? `the authors of ${name}`;
      texts.push(...headersOf(folder, inputs));
      for (const [id, text] of Object.entries(standard))
        if (license.includes(id)) texts.push(text(who));
    }
    if (!texts.length)
      throw new Error(`${name} is bundled, but its licence is nowhere to be found`);
    return {
      key: `${name}@${version}`,
      text: `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`,
    };
  });
  entries.sort((a, b) => (a.key < b.key ? -1 : 1));
  const unique = entries.filter((e, i) => e.key !== entries[i - 1]?.key);
  const line = `\n${'-'.repeat(80)}\n\n`;
  return [
    'Deep Compression contains parts of these packages.\n',
    ...unique.map((e) => e.text),
  ].join(line);
}
