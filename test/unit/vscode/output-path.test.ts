import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import {
  compressedPath,
  freePath,
  ownFolder,
  restoredPath,
} from '../../../src/vscode/output-path.ts';

const folder = resolve('/work space');
const model = join(folder, 'models', 'net.v2.onnx');
const among =
  (...taken: string[]) =>
  (path: string): Promise<boolean> =>
    Promise.resolve(taken.includes(path));

test('a compressed file lies beside its model under its name', () => {
  assert.equal(
    compressedPath(model, '', '${name}.dcz', 'eie', folder),
    join(folder, 'models', 'net.v2.dcz'),
  );
});
test('a relative output folder starts at the workspace folder, else at the model', () => {
  assert.equal(
    compressedPath(model, 'out', '${name}.dcz', 'eie', folder),
    join(folder, 'out', 'net.v2.dcz'),
  );
  assert.equal(
    compressedPath(model, 'out', '${name}.dcz', 'eie', undefined),
    join(folder, 'models', 'out', 'net.v2.dcz'),
  );
});
test('an absolute output folder is taken as it is', () => {
  const absolute = resolve('/elsewhere');
  assert.equal(
    compressedPath(model, absolute, '${name}-${preset}.dcz', 'eie', folder),
    join(absolute, 'net.v2-eie.dcz'),
  );
});
test('a name cannot leave the folder and always ends in .dcz', () => {
  assert.equal(
    compressedPath(model, '', '../../${name}', 'a/b', folder),
    join(folder, 'models', '..-..-net.v2.dcz'),
  );
  assert.equal(
    compressedPath(model, '', '${preset}', '../x', folder),
    join(folder, 'models', '..-x.dcz'),
  );
  assert.equal(compressedPath(model, '', '.dcz', '', folder), join(folder, 'models', 'net.v2.dcz'));
});
test('names with dollar signs are not replacement patterns', () => {
  const odd = join(folder, '$&.onnx');
  assert.equal(compressedPath(odd, '', '${name}.dcz', '', folder), join(folder, '$&.dcz'));
});
test('keeping both finds the first free number', async () => {
  const path = join(folder, 'a.dcz');
  assert.equal(await freePath(path, among()), path);
  assert.equal(await freePath(path, among(path, join(folder, 'a-2.dcz'))), join(folder, 'a-3.dcz'));
});
test('a restored model never takes the name of a file that is there', async () => {
  const container = join(folder, 'a.dcz');
  assert.equal(await restoredPath(container, 'onnx', among()), join(folder, 'a.onnx'));
  assert.equal(
    await restoredPath(container, 'onnx', among(join(folder, 'a.onnx'))),
    join(folder, 'a.restored.onnx'),
  );
});
test('a folder of its own is one that is not there', async () => {
  const out = join(folder, 'net.v2.onnx');
  const plain = join(folder, 'net.v2-restored');
  assert.equal(await ownFolder(out, among()), plain);
  assert.equal(await ownFolder(out, among(plain, `${plain}-2`)), `${plain}-3`);
});
