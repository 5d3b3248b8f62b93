/**
 * docs/dcz.py, the decoder for Python: restores what the product restores, and refuses what is damaged.
 * Skipped, with a note, where no python3 with numpy is found.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { writeStatement } from '../../src/container/statement.ts';
import { openDcz } from '../../src/container/read.ts';
import { memorySource, readBytes } from '../../src/model/bytes.ts';
import { mulberry32 } from '../../src/model/random.ts';
import { fakeModel, payloadOf, writeToMemory } from '../unit/container/models.ts';
import { gaussian, hashedModel, randomModel } from '../unit/container/random-models.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const decoder = resolve('docs', 'dcz.py');
const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import numpy']).status === 0,
);
const skip = python === undefined && 'no python3 with numpy (Debian: python3-numpy)';

type Answer = { files: Record<string, string> } | { error: string };

/** Decodes every file in one process, and tells checksums or the error of each. */
const asked = `
import hashlib, json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import dcz
for path in sys.argv[2:]:
    try:
        files = dcz.files(path)
        answer = {"files": {name: hashlib.sha256(bytes).hexdigest() for name, bytes in files.items()}}
    except dcz.DczError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))
`;

const folder = temporaryFolder();

function decodeInPython(all: readonly Uint8Array[]): Answer[] {
  const paths = all.map((bytes, i) => {
    const path = join(folder, `${i}.dcz`);
    writeFileSync(path, bytes);
    return path;
  });
  const options = { encoding: 'utf8', maxBuffer: 2 ** 26 } as const;
  const { stdout, stderr, status } = spawnSync(
    python!,
    ['-c', asked, join(decoder, '..'), ...paths],
    options,
  );
  assert.equal(status, 0, stderr);
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, all.length);
  return lines.map((line) => JSON.parse(line) as Answer);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What the product restores of it. */
function expected(bytes: Uint8Array): Answer {
  const dcz = openDcz(memorySource('test.dcz', bytes));
  const restored = dcz.files.map(({ location, size }, i): [string, string] => [
    location,
    sha256(readBytes(dcz.fileSource(i), 0, size)),
  ]);
  return { files: Object.fromEntries(restored) };
}

/** The example of docs/dcz-format.md, section 9, laid out as section 10 tells. */
function exampleOfVersion1(): Uint8Array {
  const text = readFileSync(join('docs', 'dcz-format.md'), 'utf8');
  const [table] = /\| `44 43 5A 02`[^]*?\n\n/.exec(text)!;
  const [, about, ...index] = [...table.matchAll(/^\| `([^`]*)`/gm)].map((row) => row[1]);
  const data = index.splice(-2);
  const hex = ['44435A01', ...data, ...index, about].join('').replaceAll(' ', '');
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** A graph's bytes and floats of three widths, enough of each for the byte model to be worth it. */
function mixedModel(): Uint8Array {
  const random = mulberry32(7);
  const values = Float64Array.from({ length: 300 }, () => gaussian(random));
  const floats = (['float32', 'bfloat16', 'float64'] as const).map((dtype) => {
    return { kind: 'floats', dtype, bytes: payloadOf(values, [...values.keys()], dtype) } as const;
  });
  const graph = new Uint8Array(readFileSync(join('docs', 'dcz-coding.md'))).subarray(0, 1200);
  const parts = [{ kind: 'bytes', bytes: graph } as const, ...floats];
  return writeToMemory(fakeModel([{ location: '', parts }]), {}).bytes;
}

test(
  'the Python decoder restores what the product does: all coders, dtypes, grids, hashed tensors, all versions',
  { skip },
  () => {
    const random = Array.from(
      { length: 6 },
      (_, i) => writeToMemory(randomModel(2003 + i), {}).bytes,
    );
    const said = writeStatement({ model: { name: 'm.onnx', sha256: '' } });
    const stated = Uint8Array.of(...random[0], ...said);
    const all = [
      ...random,
      stated,
      mixedModel(),
      exampleOfVersion1(),
      writeToMemory(hashedModel(), {}).bytes,
    ];
    decodeInPython(all).forEach((answer, i) => {
      assert.deepEqual(answer, expected(all[i]), `file ${i}`);
    });
  },
);

test(
  'the Python decoder refuses every cut and changed file, newer versions and other files',
  { skip },
  () => {
    const whole = writeToMemory(randomModel(2026), {}).bytes; // little of it is mixed: fast
    const random = mulberry32(1);
    const cut = Array.from({ length: 20 }, () =>
      whole.subarray(0, Math.floor(random() * whole.length)),
    );
    const changed = Array.from({ length: 50 }, () => {
      const copy = whole.slice();
      copy[Math.floor(random() * copy.length)] ^= 1 << Math.floor(random() * 8);
      return copy;
    });
    const newer = whole.slice();
    newer[3] = 4;
    const page = new TextEncoder().encode('<!doctype html><title>Not found</title>');
    const answers = decodeInPython([...cut, ...changed, newer, page]).map((answer) => {
      assert.ok('error' in answer);
      assert.ok(!answer.error.includes('\n'));
      return answer.error;
    });
    assert.match(answers.at(-2)!, /version 4: get a newer dcz\.py/);
    assert.equal(answers.at(-1), 'not a .dcz file');
  },
);

test('dcz.py as a command writes all files, replaces none and follows no link', { skip }, () => {
  const seed = [...Array(100).keys()].find((n) => randomModel(n).restored.length === 3)!;
  const { restored } = randomModel(seed);
  const source = join(folder, 'three.dcz');
  writeFileSync(source, writeToMemory(randomModel(seed), {}).bytes);
  const into = (out: string): { status: number | null; stderr: string } =>
    spawnSync(python!, [decoder, source, out], { encoding: 'utf8' });

  const out = join(folder, 'out');
  assert.equal(into(out).status, 0);
  const names = ['three.onnx', 'weights.bin', join('more', 'weights.data')];
  const written = names.map((name) => sha256(readFileSync(join(out, name))));
  assert.deepEqual(written, restored.map(sha256));

  const second = into(out);
  assert.equal(second.status, 1);
  assert.match(second.stderr, /^\S+three\.dcz: .*File exists.*\n$/);
  assert.equal(sha256(readFileSync(join(out, 'three.onnx'))), sha256(restored[0]));

  const linked = join(folder, 'linked');
  mkdirSync(linked);
  symlinkSync(out, join(linked, 'more'));
  const third = into(linked);
  assert.match(third.stderr, /behind a link/);
  assert.ok(!existsSync(join(linked, 'three.onnx')), 'what it wrote before is removed again');
});
