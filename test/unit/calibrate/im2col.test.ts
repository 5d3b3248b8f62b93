/** The vectors a convolution multiplies, against the definition in plain loops. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { windowsOf } from '../../../src/calibrate/im2col.ts';
import { mulberry32 } from '../../../src/model/random.ts';

test('the vectors of a convolution are the values under its kernel, with pads, strides and dilations', () => {
  const dimension = fc.record({
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    pad: fc.integer({ min: 0, max: 2 }),
    size: fc.integer({ min: 5, max: 7 }),
  });
  fc.assert(
    fc.property(dimension, dimension, fc.integer(), (h, w, seed) => {
      const random = mulberry32(seed);
      const [batch, channels] = [2, 3];
      const shape = [batch, channels, h.size, w.size];
      const values = Float32Array.from(
        { length: batch * channels * h.size * w.size },
        () => random() - 0.5,
      );
      const out = [h, w].map(
        (d) => Math.floor((d.size + 2 * d.pad - d.dilation * (d.kernel - 1) - 1) / d.stride) + 1,
      );
      const window = {
        kernel: [h.kernel, w.kernel],
        strides: [h.stride, w.stride],
        dilations: [h.dilation, w.dilation],
        padsBegin: [h.pad, w.pad],
        outputSpatial: out,
      };
      const target = new Float32Array(channels * h.kernel * w.kernel);
      const { fill } = windowsOf(shape, values, window);
      for (let n = 0; n < batch; n++)
        for (let y = 0; y < out[0]; y++)
          for (let x = 0; x < out[1]; x++) {
            fill((n * out[0] + y) * out[1] + x, target);
            let i = 0;
            for (let c = 0; c < channels; c++)
              for (let ky = 0; ky < h.kernel; ky++)
                for (let kx = 0; kx < w.kernel; kx++) {
                  const iy = y * h.stride - h.pad + ky * h.dilation;
                  const ix = x * w.stride - w.pad + kx * w.dilation;
                  const inside = iy >= 0 && iy < h.size && ix >= 0 && ix < w.size;
                  const at = ((n * channels + c) * h.size + iy) * w.size + ix;
                  assert.equal(target[i++], inside ? values[at] : 0);
                }
          }
    }),
    { numRuns: 60 },
  );
  const flat = {
    ...{ kernel: [2, 2], strides: [1, 1], dilations: [1, 1], padsBegin: [0, 0] },
    outputSpatial: [1, 1],
  };
  assert.throws(() => windowsOf([1, 1, 3], new Float32Array(3), flat), /kernel of 2 x 2/);
});
