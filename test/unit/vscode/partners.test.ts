import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partnersOf } from '../../../src/vscode/model-editor/partners.ts';

const likely = (model: string, paths: readonly string[]): string[] =>
  partnersOf(model, paths)
    .filter((p) => p.likely)
    .map((p) => p.path);

test('the original of a compressed model stands first: same folder, same name', () => {
  const paths = ['/b/net.onnx', '/a/other.onnx', '/a/net-eie.dcz', '/a/net.onnx', '/a/net.dcz'];
  assert.deepEqual(likely('/a/net.dcz', paths), ['/a/net.onnx', '/a/net-eie.dcz', '/b/net.onnx']);
});
test('a name that grew is a relative, one that only begins alike is not', () => {
  const paths = ['/a/net.restored.onnx', '/a/network.onnx', '/a/NET-two-bits.dcz', '/a/.onnx'];
  assert.deepEqual(likely('/a/net.onnx', paths), ['/a/NET-two-bits.dcz', '/a/net.restored.onnx']);
});
test('all others follow in their order, and never the model itself', () => {
  const all = partnersOf('/a/x.onnx', ['/c.onnx', '/a/x.onnx', '/b.dcz']).map((p) => p.path);
  assert.deepEqual(all, ['/c.onnx', '/b.dcz']);
  assert.deepEqual(likely('', ['/a/x.onnx', '/b.dcz']), []);
});
