import assert from 'node:assert/strict';
import test from 'node:test';
import type { Moments } from '../../../src/compress/moments.ts';
import { enoughSamples } from '../../../src/engine/goal/enough-samples.ts';
import type { Tensor } from '../../../src/model/model.ts';

/** Moments of a layer with so many inputs, from so many vectors. */
const seen = (columns: number, vectors: number): Moments => ({
  ...{ columns, block: columns, sets: 1, setOf: Uint32Array.of(0) },
  ...{ second: new Float64Array(0), mean: new Float64Array(columns) },
  count: Float64Array.of(vectors),
});
const tensor = (id: number): Tensor => ({ id, name: `layer ${id}` }) as Tensor;

test('layers that saw fewer vectors than they have inputs are counted, and how many samples are enough is said', () => {
  const calibration = new Map([
    [0, seen(100, 1000)],
    [1, seen(480, 30)],
    [2, seen(64, 60)],
  ]);
  const lines = enoughSamples([0, 1, 2, 3].map(tensor), calibration, 30, 0.75);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^2 of 4 layers .*\(layer 1: 30 for 480\); about 640 samples are enough/);
});

test('nothing is said where every layer saw as many vectors as it has inputs', () => {
  assert.deepEqual(enoughSamples([tensor(0)], new Map([[0, seen(9, 9)]]), 9, 0.75), []);
});
