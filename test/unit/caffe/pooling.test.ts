import assert from 'node:assert/strict';
import test from 'node:test';
import { importHan } from '../../../src/model/caffe/import.ts';
import { poolAxis } from '../../../src/model/caffe/pooling.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { denseWeights, makeNet, randomLayer } from './make-net.ts';
import { blob, convolution, pooling, relativeError, square } from './reference.ts';
import type { Window } from './reference.ts';
import { memory, refuses, runModel } from './support.ts';

test('the last window is dropped only when there is padding and it starts behind the input', () => {
  // AlexNet and GoogLeNet sizes, then the clipping rule of pooling_layer.cpp
  assert.equal(poolAxis(55, 3, 2, 0, true, false)?.size, 27);
  assert.equal(poolAxis(112, 3, 2, 0, true, false)?.size, 56);
  assert.equal(poolAxis(112, 3, 2, 0, false, false)?.size, 55);
  assert.deepEqual(poolAxis(4, 2, 2, 1, true, true), {
    size: 3,
    padBegin: 1,
    padEnd: 1,
    overhang: 0,
  });
  assert.deepEqual(poolAxis(5, 3, 3, 1, true, true), {
    size: 2,
    padBegin: 1,
    padEnd: 0,
    overhang: 0,
  });
  assert.equal(poolAxis(5, 2, 2, 1, true, true)?.size, 3);
  assert.equal(poolAxis(6, 1, 3, 0, true, false), undefined);
});

test('pooling of every size, stride, padding and kind equals plain loops with the rules of Caffe', async () => {
  const random = mulberry32(7);
  const layer = randomLayer('conv', 3 * 2, 3, random);
  const net = memory('t.net', makeNet([layer]));
  let compared = 0;
  let overhanging = 0;
  for (let round = 0; round < 260; round++) {
    const pick = (from: number, to: number): number =>
      from + Math.floor(random() * (to - from + 1));
    const kind = round % 2 ? 'MAX' : 'AVE';
    const kernel: [number, number] = [pick(1, 4), pick(1, 4)];
    const window: Window = {
      kernel,
      stride: [pick(1, 4), pick(1, 4)],
      pad: [pick(0, kernel[0] - 1), pick(0, kernel[1] - 1)],
    };
    const [h, w] = [pick(3, 9), pick(3, 9)];
    const text = `input: "data" input_shape { dim: [1, 2, ${h}, ${w}] }
      layer { name: "conv" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 3 kernel_size: 1 } }
      layer { name: "pool" type: "Pooling" bottom: "c" top: "out" pooling_param { pool: ${kind}
        kernel_h: ${kernel[0]} kernel_w: ${kernel[1]} stride_h: ${window.stride[0]}
        stride_w: ${window.stride[1]} pad_h: ${window.pad[0]} pad_w: ${window.pad[1]} } }`;
    const input = blob(2, h, w);
    input.data.forEach((_, i) => (input.data[i] = Math.fround(random() * 2 - 3)));
    const c = convolution(input, denseWeights(layer), layer.bias, square(1));
    const want = pooling(c, kind, window);
    if (want.data.length === 0 || !want.data.every(Number.isFinite)) {
      refuses('invalid-model', /layer "pool" has a pooling window outside/, () =>
        importHan(net, text),
      );
      continue;
    }
    const { out } = await runModel(importHan(net, text).onnx, Float32Array.from(input.data), [
      1,
      2,
      h,
      w,
    ]);
    assert.ok(relativeError(out!, want.data) < 1e-6, `${kind} ${h}x${w} ${JSON.stringify(window)}`);
    compared++;
    if (window.pad[0] && (h + 2 * window.pad[0] - kernel[0]) % window.stride[0]) overhanging++;
  }
  assert.ok(compared > 200 && overhanging > 20, `${compared} compared, ${overhanging} rounded up`);
});
