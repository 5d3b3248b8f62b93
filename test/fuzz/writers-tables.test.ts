/** Faults while pages, exports and tables are written; and that no writer is forgotten. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { tryFaults } from './faults.ts';
import { byThemselves, elsewhere, writers } from './writers.ts';

tryFaults(({ args }) => !/^(compress|decompress|import|retrain|sensitivity)$/.test(args[0] ?? ''));

test('no writer is forgotten', () => {
  const files = fs.readdirSync('src', { recursive: true, encoding: 'utf8' });
  const sources = files
    .map((file) => join('src', file).replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !file.startsWith('src/platform/'));
  const holding = (call: RegExp): string[] =>
    sources.filter((file) => call.test(fs.readFileSync(file, 'utf8'))).sort();
  assert.deepEqual(
    holding(/\bwrite(Atomically|Set)\(|\bfiles\.write\(/),
    [...new Set([...writers.flatMap((w) => w.sources), ...Object.keys(elsewhere)])].sort(),
  );
  for (const place of Object.values(elsewhere)) assert.ok(fs.existsSync(place), place);
  const calls =
    /\b(write|writeFile|appendFile|rename|copyFile|cp|unlink|rm|rmdir|mkdir|mkdtemp|symlink|link|truncate)Sync\(|createWriteStream|fs\/promises|workspace\.fs\.(writeFile|delete|copy|rename|createDirectory)\(/;
  assert.deepEqual(holding(calls), Object.keys(byThemselves).sort());
});
