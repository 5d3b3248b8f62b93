/**
 * Damaged data sets of every format: cut short, bytes changed, parts repeated. A reader either gives a
 * data set that is whole, or one line that names the file. Seeded; DC_FUZZ_CASES asks for more cases.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'fflate';
import { loadDataset } from '../../src/engine/train/data.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';
import { mulberry32 } from '../../src/model/random.ts';
import { npy, npz } from '../unit/engine/eie-models.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const cases = Math.ceil(Number(process.env['DC_FUZZ_CASES'] ?? 6000) / 10);
const folder = temporaryFolder();
const text = (s: string): Uint8Array => new TextEncoder().encode(s);

const x = npy(
  [3, 4],
  Float32Array.from({ length: 12 }, (_, i) => i),
);
const y = npy([3], Float32Array.of(0, 2, 1));
const idx = new Uint8Array([0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 4, ...new Uint8Array(12).fill(9)]);
const seeds: Readonly<Record<string, Uint8Array>> = {
  'd.npz': npz({ x, y }),
  'x.npy': x,
  'd.idx': idx,
  'd.gz': gzipSync(idx),
  'd.csv': text('a,b,label\n1,2.5,"cat"\n-3,4e1,dog\n'),
  'png/0/a.png': readFileSync('test/fixtures/images/palette.png'),
  'jpg/0/a.jpg': readFileSync('test/fixtures/images/progressive.jpg'),
};

function damaged(seed: Uint8Array, random: () => number): Uint8Array {
  const below = (n: number): number => Math.floor(random() * n);
  let bytes = Uint8Array.from(seed);
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const at = below(bytes.length);
    const kind = below(6);
    if (kind === 0) bytes = bytes.slice(0, at);
    else if (kind === 1)
      bytes = new Uint8Array([...bytes.slice(0, at), ...bytes.slice(below(at + 1))]);
    else if (kind === 2) bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)]!;
    else if (kind === 3) bytes.fill(0xff, at, at + 4);
    else bytes[at] = below(256);
    if (bytes.length === 0) break;
  }
  return bytes;
}

for (const [name, seed] of Object.entries(seeds))
  test(`damaged ${name} is read or refused in one line`, async () => {
    const random = mulberry32(7);
    const path = join(folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    const file = name.includes('/') ? join(folder, name.split('/')[0]!) : path;
    const inputs = [{ name: 'x', type: 1, shape: ['n', 3, 8, 8] }];
    let [read, refused] = [0, 0];
    for (let i = 0; i < cases; i++) {
      writeFileSync(path, i === 0 ? seed : damaged(seed, random));
      try {
        const { data } = await loadDataset(
          { file: { path: file } },
          { inputs, prefer: [], turn: async () => {} },
        );
        const size = data.shape.reduce((a, b) => a * b, 1);
        assert.ok(data.samples > 0);
        assert.equal(data.values.length, data.samples * size);
        if (data.labels) assert.equal(data.labels.length, data.samples);
        read++;
      } catch (error) {
        assert.ok(error instanceof DeepCompressionError, `case ${i}: ${(error as Error).stack}`);
        assert.ok(error.message.includes(file) && !error.message.includes('\n'), error.message);
        refused++;
      }
    }
    assert.ok(read > 0 && refused > 0, `${read} read, ${refused} refused`);
  });
