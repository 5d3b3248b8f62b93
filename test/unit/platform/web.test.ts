/** A browser's files and paths beside Node's: the same answers, and the same rule for every output. */
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { pathsIn } from '../../../src/engine/web/job-host.ts';
import { memoryFiles } from '../../../src/platform/web/memory-files.ts';
import { paths } from '../../../src/platform/web/paths.ts';

const part = fc.constantFrom('a', 'b.onnx', '..', '.', '', 'c.tar.gz', '.hidden');
const path = fc
  .tuple(fc.boolean(), fc.array(part, { maxLength: 5 }))
  .map(([absolute, parts]) => `${absolute ? '/' : ''}${parts.join('/')}`)
  .filter((text) => text !== '');

test('paths are what Node makes of them', () => {
  fc.assert(
    fc.property(path, path, (a, b) => {
      const [from, to] = [posix.resolve('/', a), posix.resolve('/', b)];
      const trimmed = (text: string): string => (text === '/' ? text : text.replace(/\/$/, ''));
      assert.equal(paths.join(a, b), trimmed(posix.join(a, b)));
      assert.equal(paths.resolve('/', a, b), posix.resolve('/', a, b));
      assert.equal(paths.relative(from, to), posix.relative(from, to));
      assert.equal(paths.dirname(from), posix.dirname(from));
      assert.equal(paths.basename(from), posix.basename(from));
      assert.equal(paths.basename(from, '.onnx'), posix.basename(from, '.onnx'));
      assert.equal(paths.extname(from), posix.extname(from));
      assert.equal(paths.isAbsolute(a), posix.isAbsolute(a));
    }),
  );
});

const kind = { name: 'a list', looksLike: (file: { size: number }) => file.size === 3 };
const rule = { kind, overwrite: false, inputs: ['/w/in.onnx'] };
const three = Uint8Array.of(1, 2, 3);

test('a file is written whole or not at all, handed out, and never over one that is not its own', async () => {
  const written: [string, number][] = [];
  const files = memoryFiles((name, bytes) => void written.push([name, bytes.length]));
  files.put('/w/in.onnx', three);
  files.put('/w/other', Uint8Array.of(1));
  const write = (name: string, overwrite = false): Promise<number> =>
    files.write(name, { ...rule, overwrite }, (sink) => sink.write(three));
  assert.equal(await write('/w/out'), 3);
  await assert.rejects(write('/w/out'), { code: 'exists' });
  await assert.rejects(write('/w/in.onnx', true), /is an input and is never overwritten/);
  await assert.rejects(write('/w/other', true), /is not a list, so it is not replaced/);
  const failing = files.write('/w/half', rule, (sink, temporary) => {
    sink.write(three);
    temporary.flush();
    assert.equal(files.open(temporary.path).size, 3, 'what was written can be read again');
    throw new Error('stopped');
  });
  await assert.rejects(failing, /stopped/);
  assert.equal(files.exists('/w/half'), false);
  assert.throws(() => files.open('/w/half'), { code: 'not-found' });
  const sizes = await files.writeSet('/w/set.onnx', ['set.data'], rule, async (sink, file) =>
    sink.write(three.subarray(0, 3 - file)),
  );
  assert.deepEqual(sizes, [3, 2]);
  assert.deepEqual(written, [
    ['/w/out', 3],
    ['/w/set.data', 2],
    ['/w/set.onnx', 3],
  ]);
  assert.equal(files.external('/w/set.onnx')('set.data').size, 2);
});

test('the files that a job names are found wherever they stand in its input', () => {
  const file = { label: 'm.onnx', bytes: three };
  const input = { file, data: { file: { path: '/w/s.npz' } }, out: '/w/m.dcz', recipe: 'safe' };
  assert.deepEqual([...pathsIn(input)], ['/w/s.npz', '/w/m.dcz']);
});
